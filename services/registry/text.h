/* text.h - texts of bounded size in structs, and their way into JSON: "" means absent. */
#ifndef REGISTRY_TEXT_H
#define REGISTRY_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Comma-joined codes: at most 16 of at most 31 bytes (proto/pole.schema.json). */
enum { CODES_SIZE = 512, UUID_SIZE = 37, CODE_SIZE = 32, TERRITORY_SIZE = 4 };

/* Copies `text` (NULL: "") into `size` bytes; false and "" if it does not fit. */
bool text_copy(char *ret, size_t size, const char *text);

/* For an array member, where the schema or the database bounds the text: asserts that it fits. */
#define TEXT_SET(member, text) text_set(member, sizeof(member), text)
void text_set(char *ret, size_t size, const char *text);

/* NULL for "", which the database stores as NULL. */
const char *text_or_null(const char *text);

/* Adds a member unless the text is "" or NULL. */
void json_put_text(json_t *json, const char *name, const char *text);

/* Joins an array of texts (NULL: none) by commas; false if they do not fit or one is repeated. */
bool codes_join(const json_t *json, char ret_codes[CODES_SIZE]);

/* The array again; the caller owns it. */
json_t *codes_json(const char *codes);

/* Calls `each` for every code until one is not accepted; NULL if all are, else that one (in
 * `ret_code`). */
typedef bool codes_fn(void *arg, const char *code);
const char *codes_reject(const char *codes, codes_fn *accept, void *arg, char ret_code[CODE_SIZE]);

#endif
