/* pdf.c - drawing with cairo, setting text with pango, QR codes by libqrencode. */
#include "pdf.h"

#include <cairo-pdf.h>
#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

enum { QUIET = 4, SIZE_MAX_BYTES = 16 << 20 };

struct pdf {
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoContext *context;
    uint8_t *bytes;
    size_t size, capacity;
};

static cairo_status_t keep(void *arg, const unsigned char *bytes, unsigned size)
{
    pdf_t *self = arg;
    if (self->size + size > SIZE_MAX_BYTES)
        return CAIRO_STATUS_WRITE_ERROR;
    if (self->size + size > self->capacity) {
        self->capacity = 2 * (self->size + size);
        self->bytes = pia_realloc(self->bytes, self->capacity);
    }
    memcpy(self->bytes + self->size, bytes, size);
    self->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static void set_info(pdf_t *self, const pdf_info_t *info)
{
    char at[PIA_TIME_TEXT_SIZE], date[PIA_TIME_TEXT_SIZE];
    pia_time_format(info->made_ms, at);
    (void)snprintf(date, sizeof date, "%.19sZ", at); /* without the milliseconds */
    cairo_pdf_surface_set_metadata(self->surface, CAIRO_PDF_METADATA_TITLE, info->title);
    cairo_pdf_surface_set_metadata(self->surface, CAIRO_PDF_METADATA_SUBJECT, info->subject);
    cairo_pdf_surface_set_metadata(self->surface, CAIRO_PDF_METADATA_AUTHOR,
                                   "Réseau des pôles d’innovation pour l’artisanat");
    cairo_pdf_surface_set_metadata(self->surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    cairo_pdf_surface_set_metadata(self->surface, CAIRO_PDF_METADATA_MOD_DATE, date);
}

pdf_t *pdf_new(const pdf_info_t *info)
{
    pdf_t *self = pia_alloc(sizeof *self);
    self->surface = cairo_pdf_surface_create_for_stream(keep, self, PDF_WIDTH, PDF_HEIGHT);
    cairo_pdf_surface_restrict_to_version(self->surface, CAIRO_PDF_VERSION_1_5);
    set_info(self, info);
    self->cairo = cairo_create(self->surface);
    self->context = pango_cairo_create_context(self->cairo);
    pango_cairo_context_set_resolution(self->context, 72.0); /* font sizes are points */
    pango_context_set_language(self->context, pango_language_from_string("fr"));
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(self->context, options);
    cairo_font_options_destroy(options);
    return self;
}

pia_status_t pdf_end(pdf_t **pdf_p, uint8_t **ret_bytes, size_t *ret_size)
{
    pdf_t *self = *pdf_p;
    *pdf_p = NULL;
    bool good = cairo_status(self->cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(self->cairo);
    cairo_surface_finish(self->surface);
    good = good && cairo_surface_status(self->surface) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(self->surface);
    g_object_unref(self->context);
    if (good && ret_bytes) {
        *ret_bytes = self->bytes;
        *ret_size = self->size;
    } else {
        free(self->bytes);
    }
    free(self);
    return good ? PIA_OK : PIA_INTERNAL;
}

void pdf_next_page(pdf_t *pdf)
{
    cairo_show_page(pdf->cairo);
}

static void set_colour(pdf_t *self, pdf_colour_t colour)
{
    static const uint32_t colours[] = {
        [PDF_INK] = 0x1d2a2b,    [PDF_SOFT] = 0x55666a, [PDF_BRAND] = 0x17484c,
        [PDF_ACCENT] = 0xa3520f, [PDF_LINE] = 0xd9d3c6, [PDF_BAND] = 0xf0ece3,
    };
    uint32_t rgb = colours[colour];
    cairo_set_source_rgb(self->cairo, (double)(rgb >> 16) / 255, (double)(rgb >> 8 & 255) / 255,
                         (double)(rgb & 255) / 255);
}

static PangoFontDescription *describe(const pdf_style_t *style)
{
    static const char *const faces[] = {
        [PDF_SERIF] = "EB Garamond 12, EB Garamond, DejaVu Serif",
        [PDF_SERIF_ITALIC] = "EB Garamond 12, EB Garamond, DejaVu Serif Italic",
        [PDF_SANS] = "Lato, DejaVu Sans",
        [PDF_SANS_BOLD] = "Lato, DejaVu Sans Bold",
    };
    PangoFontDescription *font = pango_font_description_from_string(faces[style->face]);
    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    return font;
}

static void set_attributes(PangoLayout *layout, const pdf_style_t *style)
{
    PangoAttrList *list = pango_attr_list_new();
    if (style->spacing > 0)
        pango_attr_list_insert(list,
                               pango_attr_letter_spacing_new((int)(style->spacing * PANGO_SCALE)));
    pango_attr_list_insert(list, pango_attr_font_features_new(style->lining ? "liga, kern, lnum"
                                                                            : "liga, kern, onum"));
    pango_layout_set_attributes(layout, list);
    pango_attr_list_unref(list);
}

static PangoLayout *
lay_out(pdf_t *self, const pdf_style_t *style, const pdf_box_t *box, const char *text)
{
    static const PangoAlignment alignments[] = {
        [PDF_LEFT] = PANGO_ALIGN_LEFT,
        [PDF_CENTRE] = PANGO_ALIGN_CENTER,
        [PDF_RIGHT] = PANGO_ALIGN_RIGHT,
    };
    PangoLayout *layout = pango_layout_new(self->context);
    PangoFontDescription *font = describe(style);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    set_attributes(layout, style);
    pango_layout_set_width(layout, (int)(box->width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout, alignments[style->align]);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

/* Makes the lines of a centred text about equally long: as narrow as it may be without another
 * line. Returns how much narrower. */
static double balance(PangoLayout *layout, double width)
{
    int lines = pango_layout_get_line_count(layout);
    double narrow = width;
    while (lines > 1 && pango_layout_get_line_count(layout) == lines && narrow > width / 3) {
        narrow -= width / 64;
        pango_layout_set_width(layout, (int)(narrow * PANGO_SCALE));
    }
    if (pango_layout_get_line_count(layout) != lines) {
        narrow += width / 64;
        pango_layout_set_width(layout, (int)(narrow * PANGO_SCALE));
    }
    return width - narrow;
}

/* The line's height, and where its baseline is in it. */
static double measure_line(const pdf_style_t *style, PangoLayoutIter *lines, double *ret_baseline)
{
    PangoRectangle logical;
    pango_layout_iter_get_line_extents(lines, NULL, &logical);
    double height = (double)logical.height / PANGO_SCALE;
    double ascent = (double)(pango_layout_iter_get_baseline(lines) - logical.y) / PANGO_SCALE;
    double leading = style->leading > 0 ? style->leading : height;
    *ret_baseline = ascent + (leading - height) / 2;
    return leading;
}

/* Draws lines until the box is full; returns the height. */
static double draw_lines(pdf_t *self,
                         const pdf_style_t *style,
                         const pdf_box_t *box,
                         PangoLayoutIter *lines,
                         int *ret_rest)
{
    double used = 0, baseline;
    *ret_rest = -1;
    do {
        PangoRectangle logical;
        double height = measure_line(style, lines, &baseline);
        PangoLayoutLine *line = pango_layout_iter_get_line_readonly(lines);
        if (box->height > 0 && used + height > box->height) {
            *ret_rest = line->start_index;
            break;
        }
        pango_layout_iter_get_line_extents(lines, NULL, &logical);
        cairo_move_to(self->cairo, box->x + (double)logical.x / PANGO_SCALE,
                      box->y + used + baseline);
        pango_cairo_show_layout_line(self->cairo, line);
        used += height;
    } while (pango_layout_iter_next_line(lines));
    return used;
}

double pdf_text(pdf_t *pdf,
                const pdf_style_t *style,
                const pdf_box_t *box,
                const char *tag,
                const char *text,
                const char **ret_rest)
{
    int rest;
    pdf_box_t set = *box;
    PangoLayout *layout = lay_out(pdf, style, box, text);
    if (style->align == PDF_CENTRE)
        set.x += balance(layout, box->width) / 2;
    PangoLayoutIter *lines = pango_layout_get_iter(layout);
    set_colour(pdf, style->colour);
    cairo_tag_begin(pdf->cairo, tag, NULL);
    double used = draw_lines(pdf, style, &set, lines, &rest);
    cairo_tag_end(pdf->cairo, tag);
    pango_layout_iter_free(lines);
    g_object_unref(layout);
    if (ret_rest)
        *ret_rest = rest < 0 ? NULL : text + rest;
    return used;
}

void pdf_line(pdf_t *pdf, const pdf_box_t *box, double thickness, pdf_colour_t colour)
{
    set_colour(pdf, colour);
    cairo_set_line_width(pdf->cairo, thickness);
    cairo_move_to(pdf->cairo, box->x, box->y);
    cairo_line_to(pdf->cairo, box->x + box->width, box->y + box->height);
    cairo_stroke(pdf->cairo);
}

void pdf_fill(pdf_t *pdf, const pdf_box_t *box, pdf_colour_t colour)
{
    set_colour(pdf, colour);
    cairo_rectangle(pdf->cairo, box->x, box->y, box->width, box->height);
    cairo_fill(pdf->cairo);
}

void pdf_frame(pdf_t *pdf, const pdf_box_t *box, double thickness, pdf_colour_t colour)
{
    set_colour(pdf, colour);
    cairo_set_line_width(pdf->cairo, thickness);
    cairo_rectangle(pdf->cairo, box->x, box->y, box->width, box->height);
    cairo_stroke(pdf->cairo);
}

pia_status_t pdf_qr(pdf_t *pdf, const pdf_box_t *box, const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_Q);
    if (!code)
        return errno == ERANGE ? PIA_TOO_LARGE : PIA_INTERNAL;
    double module = box->width / (code->width + 2 * QUIET);
    cairo_set_source_rgb(pdf->cairo, 0, 0, 0);
    for (int row = 0; row < code->width; row++)
        for (int column = 0; column < code->width; column++)
            if ((code->data[row * code->width + column] & 1) != 0)
                cairo_rectangle(pdf->cairo, box->x + module * (column + QUIET),
                                box->y + module * (row + QUIET), module, module);
    cairo_fill(pdf->cairo); /* one path: no seams between modules */
    QRcode_free(code);
    return PIA_OK;
}

void pdf_link(pdf_t *pdf, const pdf_box_t *box, const char *url)
{
    char attributes[512];
    int size = snprintf(attributes, sizeof attributes, "rect=[%.2f %.2f %.2f %.2f] uri='%s'",
                        box->x, box->y, box->width, box->height, url);
    if (size < 0 || (size_t)size >= sizeof attributes || strchr(url, '\'') || strchr(url, '\\'))
        return;
    cairo_tag_begin(pdf->cairo, CAIRO_TAG_LINK, attributes);
    cairo_tag_end(pdf->cairo, CAIRO_TAG_LINK);
}

void pdf_forget_fonts(void)
{
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    FcFini();
}
