/* mmi.h - what the broker itself answers, under the names mmi.* (8/MMI and proto/README.md). */
#ifndef BROKER_MMI_H
#define BROKER_MMI_H

#include "requests.h"

bool mmi_owns(const void *service, size_t size);

/* Answers a request whose service mmi_owns; its body begins at frame `body`. */
void mmi_answer(broker_t *broker, const requester_t *to, const pia_frames_t *message, size_t body);

#endif
