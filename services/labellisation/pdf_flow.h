/* pdf_flow.h - texts one after the other, over as many pages as they take, each page with a foot.
 * Store thread. */
#ifndef PDF_FLOW_H
#define PDF_FLOW_H

#include "pdf.h"

typedef struct {
    pdf_t *pdf;
    double y;
    int page;
    const char *title; /* of the foot; borrowed */
} flow_t;

extern const pdf_style_t flow_network, flow_heading, flow_part, flow_body, flow_soft;

/* The first page; `title` stands in the feet. */
void flow_begin(flow_t *flow, pdf_t *pdf, const char *title);

/* Adds a paragraph in French typography, and `gap` points after it. `tag`: "H1", "P". */
void flow_add(
    flow_t *flow, const pdf_style_t *style, const char *tag, const char *text, double gap);

/* Adds the heading of a part, which does not stand alone at the end of a page. */
void flow_add_part(flow_t *flow, const char *text);

#endif
