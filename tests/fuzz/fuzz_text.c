/* fuzz_text.c - the small readers of texts: times, ids, formats, cursors, roles, settings' levels.
 */
#include "fuzz.h"

#include "pia/clock.h"
#include "pia/log.h"
#include "pia/principal.h"
#include "pia/schema.h"
#include "pia/uuid.h"

static const char *const formats[] = {"uuid",      "code",  "siren", "siret",  "date",
                                      "date-time", "email", "url",   "cursor", "commune"};

static void check_time(const char *text)
{
    int64_t time = 0;
    if (!pia_time_parse(text, &time)) {
        return;
    }
    char printed[PIA_TIME_TEXT_SIZE];
    int64_t again = 0;
    pia_time_format(time, printed);
    FUZZ_CHECK(strlen(printed) == PIA_TIME_TEXT_SIZE - 1);
    FUZZ_CHECK(pia_time_parse(printed, &again) && again == time);
}

static void check_uuid(const char *text)
{
    uint8_t uuid[PIA_UUID_SIZE];
    char printed[PIA_UUID_TEXT_SIZE];
    if (pia_uuid_parse(text, uuid)) {
        pia_uuid_format(uuid, printed);
        FUZZ_CHECK(strcasecmp(printed, text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const pia_principal_t reviewer = {.subject = "/persons/p",
                                             .person = "0193f6a0-0000-7000-8000-000000000001",
                                             .roles = PIA_ROLE_REVIEWER};
    static const pia_principal_t anonymous = {.subject = ""};
    fuzz_t fuzz = {data, size};
    pia_log_level_t level = PIA_LOG_INFO;
    char *text = fuzz_text(&fuzz);
    check_time(text);
    check_uuid(text);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        (void)pia_format_check(formats[i], text);
    }
    (void)pia_role_parse(text);
    (void)pia_log_level_parse(text, &level);
    (void)pia_principal_sees(&reviewer, "restricted", text);
    FUZZ_CHECK(!pia_principal_sees(&anonymous, "restricted", text));
    FUZZ_CHECK(!pia_principal_sees(&anonymous, text, "") || strcmp(text, "public") == 0);
    free(text);
    return 0;
}
