/* typography.h - French typography of texts that people wrote on a keyboard. Any thread. */
#ifndef TYPOGRAPHY_H
#define TYPOGRAPHY_H

/* The text with « guillemets » for straight quotes, ’ for ', no-break spaces before : and », after
 * «, narrow ones before ; ! ?, and … for three points. Tabs and line ends stay. The caller frees
 * it.
 */
char *typography_french(const char *text);

#endif
