/* json_line.h - on which line of a JSON text the value of a pointer stands. Any thread. */
#ifndef JSON_LINE_H
#define JSON_LINE_H

#include <stddef.h>

/* From 1; of the deepest value on the way if there is none at the pointer ("/a/0/b"; "": the
 * whole). The text is JSON, or at least harmless: nothing outside of it is read. */
int json_line(const char *text, size_t size, const char *pointer);

#endif
