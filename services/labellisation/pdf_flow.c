/* pdf_flow.c - texts that flow over pages. */
#include "pdf_flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "typography.h"

enum { MARGIN = 64, INNER = PDF_WIDTH - 2 * MARGIN, BOTTOM = PDF_HEIGHT - 72, FOOT_SIZE = 1200 };

const pdf_style_t flow_network = {PDF_SANS, 8.5, 12, 0.3, PDF_BRAND, PDF_LEFT, false};
const pdf_style_t flow_heading = {PDF_SERIF, 25, 31, 0, PDF_BRAND, PDF_LEFT, false};
const pdf_style_t flow_part = {PDF_SERIF, 16, 24, 0, PDF_BRAND, PDF_LEFT, false};
const pdf_style_t flow_body = {PDF_SERIF, 11.5, 16, 0, PDF_INK, PDF_LEFT, false};
const pdf_style_t flow_soft = {PDF_SERIF_ITALIC, 11.5, 16, 0, PDF_SOFT, PDF_LEFT, false};
static const pdf_style_t foot = {PDF_SANS, 7.5, 10, 0, PDF_SOFT, PDF_LEFT, false};

static void draw_foot(flow_t *flow)
{
    char text[FOOT_SIZE];
    const pdf_box_t rule = {MARGIN, BOTTOM + 16, INNER, 0};
    const pdf_box_t box = {MARGIN, BOTTOM + 22, INNER, 0};
    (void)snprintf(text, sizeof text, "%s – page %d", flow->title, flow->page);
    pdf_line(flow->pdf, &rule, 0.5, PDF_LINE);
    (void)pdf_text(flow->pdf, &foot, &box, "P", text, NULL);
}

static void next_page(flow_t *flow)
{
    pdf_next_page(flow->pdf);
    flow->page++;
    flow->y = MARGIN;
    draw_foot(flow);
}

void flow_begin(flow_t *flow, pdf_t *pdf, const char *title)
{
    *flow = (flow_t){.pdf = pdf, .y = MARGIN, .page = 1, .title = title};
    draw_foot(flow);
}

void flow_add(flow_t *flow, const pdf_style_t *style, const char *tag, const char *text, double gap)
{
    char *french = typography_french(text);
    for (const char *rest = french; rest;) {
        const pdf_box_t box = {MARGIN, flow->y, INNER, BOTTOM - flow->y};
        if (box.height < style->leading) {
            next_page(flow);
            continue;
        }
        flow->y += pdf_text(flow->pdf, style, &box, tag, rest, &rest);
        if (rest)
            next_page(flow);
    }
    flow->y += gap;
    free(french);
}

void flow_add_part(flow_t *flow, const char *text)
{
    if (flow->y + 4 * flow_body.leading > BOTTOM)
        next_page(flow);
    flow->y += 10;
    flow_add(flow, &flow_part, "H2", text, 4);
}
