/* pdf.h - one PDF of A4 pages, drawn in points (1/72 inch) from the top left. The same calls with
 * the same fonts give the same bytes: there is no date in it but the one that is given. The fonts
 * are EB Garamond and Lato, embedded as far as they are used. Store thread. */
#ifndef PDF_H
#define PDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

enum { PDF_WIDTH = 595, PDF_HEIGHT = 842 };

typedef struct pdf pdf_t;

typedef struct {
    const char *title, *subject; /* of the file, for readers and screen readers */
    int64_t made_ms;             /* legal time: the date of what it says */
} pdf_info_t;

typedef enum {
    PDF_SERIF,
    PDF_SERIF_ITALIC,
    PDF_SANS,
    PDF_SANS_BOLD,
} pdf_face_t;

typedef enum { PDF_INK, PDF_SOFT, PDF_BRAND, PDF_ACCENT, PDF_LINE, PDF_BAND } pdf_colour_t;
typedef enum { PDF_LEFT, PDF_CENTRE, PDF_RIGHT } pdf_align_t;

/* How a text is set. */
typedef struct {
    pdf_face_t face;
    double size, leading; /* points; leading 0: the face's own */
    double spacing;       /* between letters, points */
    pdf_colour_t colour;
    pdf_align_t align;
    bool lining; /* figures as high as capitals */
} pdf_style_t;

/* Where: `height` 0: as high as it gets. */
typedef struct {
    double x, y, width, height;
} pdf_box_t;

pdf_t *pdf_new(const pdf_info_t *info);

/* Ends it: on PIA_OK its bytes are the caller's. Takes it, also on failure; the bytes may be NULL:
 * only to free it. */
pia_status_t pdf_end(pdf_t **pdf_p, uint8_t **ret_bytes, size_t *ret_size);

/* Ends the page and begins another. */
void pdf_next_page(pdf_t *pdf);

/* Draws a text (UTF-8) into the box, from its top; lines break at spaces that may, those of a
 * centred text so that they are about equally long. A box with a height takes only the lines that
 * fit whole. `tag`: what it is for screen readers ("H1", "P"). Returns the height that it took;
 * *ret_rest (may be NULL) is what did not fit, NULL: nothing. */
double pdf_text(pdf_t *pdf,
                const pdf_style_t *style,
                const pdf_box_t *box,
                const char *tag,
                const char *text,
                const char **ret_rest);

void pdf_line(pdf_t *pdf, const pdf_box_t *box, double thickness, pdf_colour_t colour);
void pdf_fill(pdf_t *pdf, const pdf_box_t *box, pdf_colour_t colour);
void pdf_frame(pdf_t *pdf, const pdf_box_t *box, double thickness, pdf_colour_t colour);

/* A QR code of a text (error correction Q), with its quiet zone of four modules, `width` wide.
 * PIA_TOO_LARGE. */
pia_status_t pdf_qr(pdf_t *pdf, const pdf_box_t *box, const char *text);

/* The area leads there when it is pressed. */
void pdf_link(pdf_t *pdf, const pdf_box_t *box, const char *url);

/* At the end of the process, when no PDF is open: frees what the libraries keep of fonts. */
void pdf_forget_fonts(void);

#endif
