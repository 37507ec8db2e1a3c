/* effects_content.h - the effects of a filing and of requests to complete it; see effects.c. */
#ifndef EFFECTS_CONTENT_H
#define EFFECTS_CONTENT_H

#include "rule.h"

effect_fn run_file_content, run_request_pieces, run_close_request, run_issue_receipt;

#endif
