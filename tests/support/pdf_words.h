/* pdf_words.h - what somebody reads in a PDF: its text by pdftotext (poppler-utils). */
#ifndef PIA_TEST_PDF_WORDS_H
#define PIA_TEST_PDF_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* The text, pages one after the other, with one space for each stretch of white space; fails the
 * test if it cannot be read. The caller frees it. */
char *pdf_words(const uint8_t *bytes, size_t size);

#endif
