/* follow.c - what the labels' events mean for pôles. An event that cannot be applied is recorded
 * and passed over: one bad event must not keep the registry from the next. */
#include <string.h>

#include "announce.h"
#include "handlers.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/log.h"
#include "proto/label.h"
#include "registry.h"
#include "store_pole.h"
#include "store_state.h"
#include "store_structure.h"

static const char LABELS_SOURCE[] = "/services/labellisation";

/* What `effect` says of a label. `coming` says nothing: it is told by its award. */
static const struct {
    const char *word;
    pole_state_t state;
} outcomes[] = {
    {"in_force", POLE_ACTIVE}, {"suspended", POLE_SUSPENDED}, {"repealed", POLE_ENDED},
    {"withdrawn", POLE_ENDED}, {"renounced", POLE_ENDED},     {"expired", POLE_ENDED},
};

static pole_state_t outcome_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (strcmp(outcomes[i].word, word) == 0) {
            return outcomes[i].state;
        }
    }
    return POLE_UNKNOWN;
}

static pia_status_t refuse(pia_db_t *db, const pia_event_t *event, const char *reason)
{
    pia_log(PIA_LOG_WARN, "%s %s is not applied: %s", event->type, event->id, reason);
    return store_refuse_event(db, event, reason, pia_clock_now());
}

/* What an award says, checked. */
typedef struct {
    pia_label_award_t award;
    pia_label_pole_t pole;
    char themes[CODES_SIZE], sectors[CODES_SIZE];
} award_t;

static bool read_award(const json_t *data, award_t *ret_award)
{
    return data != NULL &&
           pia_schema_decode(&pia_label_award_schema, data, PIA_UNKNOWN_IGNORED, &ret_award->award,
                             NULL) == PIA_OK &&
           pia_schema_decode(&pia_label_pole_schema, ret_award->award.pole, PIA_UNKNOWN_IGNORED,
                             &ret_award->pole, NULL) == PIA_OK &&
           codes_join(ret_award->pole.themes, ret_award->themes) &&
           codes_join(ret_award->pole.sectors, ret_award->sectors);
}

static void apply_award(const award_t *award, pole_t *pole)
{
    TEXT_SET(pole->code, award->pole.code);
    TEXT_SET(pole->name, award->pole.name);
    TEXT_SET(pole->structure, award->award.structure);
    TEXT_SET(pole->themes, award->themes);
    TEXT_SET(pole->sectors, award->sectors);
    TEXT_SET(pole->label, award->award.label);
    TEXT_SET(pole->label_until, award->award.until);
    TEXT_SET(pole->next_label, NULL);
    TEXT_SET(pole->next_until, NULL);
    TEXT_SET(pole->reason, NULL);
    if (pole->labelled_since[0] == '\0') {
        TEXT_SET(pole->labelled_since, award->award.from);
    }
    pole->state = POLE_ACTIVE;
    pole->demonstration = award->award.demonstration;
}

/* Whether this award has been applied already, or a later one. */
static bool is_superseded(const pole_t *present, const award_t *award)
{
    return strcmp(present->label, award->award.label) == 0 ||
           strcmp(present->next_label, award->award.label) == 0 ||
           (present->state != POLE_ENDED && strcmp(present->label_until, award->award.until) >= 0);
}

/* Whether the award continues the pôle's present label and begins where that one ends: until then
 * that one counts. */
static bool is_next(const pole_t *present, const award_t *award)
{
    return present->state != POLE_ENDED && award->award.renews != NULL &&
           strcmp(present->label, award->award.renews) == 0 &&
           strcmp(award->award.from, present->label_until) == 0;
}

/* The next label begins. */
static void take_next(pole_t *pole)
{
    TEXT_SET(pole->label, pole->next_label);
    TEXT_SET(pole->label_until, pole->next_until);
    TEXT_SET(pole->next_label, NULL);
    TEXT_SET(pole->next_until, NULL);
    TEXT_SET(pole->reason, NULL);
    pole->state = POLE_ACTIVE;
}

static pia_status_t label_pole(pia_db_t *db,
                               const pia_event_t *event,
                               const award_t *award,
                               const structure_t *structure)
{
    pole_t pole = {.version = 0};
    pia_status_t found = store_pole_find(db, award->pole.code, &pole);
    if (found != PIA_OK && found != PIA_NOT_FOUND) {
        return found;
    }
    if (found == PIA_OK && strcmp(pole.structure, structure->id) != 0) {
        return refuse(db, event, "the code belongs to another structure's pôle");
    }
    if (found == PIA_OK && is_superseded(&pole, award)) {
        return PIA_OK;
    }
    if (found == PIA_OK && is_next(&pole, award)) {
        TEXT_SET(pole.next_label, award->award.label);
        TEXT_SET(pole.next_until, award->award.until);
        return store_pole_update(db, &pole);
    }
    apply_award(award, &pole);
    const char *place = award->pole.departement;
    bool placed = place != NULL && pia_format_check("departement", place);
    pole_place(&pole, placed ? place : text_or_null(structure->departement));
    pia_status_t status =
        found == PIA_OK ? store_pole_update(db, &pole) : store_pole_insert(db, &pole);
    return status == PIA_OK ? announce_pole(db, "pole.labelled", &pole) : status;
}

static pia_status_t on_award(pia_db_t *db, const pia_event_t *event)
{
    award_t award;
    structure_t structure;
    pole_t other;
    if (!read_award(event->data, &award)) {
        return refuse(db, event, "its data is not that of an award");
    }
    pia_status_t status = store_structure_find(db, award.award.structure, &structure);
    if (status == PIA_NOT_FOUND) {
        return refuse(db, event, "the structure is not known");
    }
    if (status == PIA_OK) {
        status = store_pole_find_by_label(db, award.award.label, &other);
        if (status == PIA_OK && strcmp(other.code, award.pole.code) != 0) {
            return refuse(db, event, "the label belongs to a pôle of another code");
        }
    }
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        return status;
    }
    return label_pole(db, event, &award, &structure);
}

/* What became of a label. */
typedef struct {
    const char *label, *code, *effect;
    const char *from, *until; /* as they stand now; NULL: not told */
    pole_state_t state;
} outcome_t;

/* A withdrawn label never was: if it was the pôle's first, the pôle was never labelled. */
static void apply_to_present(pole_t *pole, const outcome_t *outcome)
{
    if (strcmp(outcome->effect, "expired") == 0 && pole->next_label[0] != '\0') {
        take_next(pole);
        return;
    }
    pole->state = outcome->state;
    if (outcome->state != POLE_SUSPENDED) {
        TEXT_SET(pole->reason, NULL);
    }
    if (outcome->until != NULL) {
        TEXT_SET(pole->label_until, outcome->until);
    }
    bool first = outcome->from != NULL && strcmp(pole->labelled_since, outcome->from) == 0;
    if (strcmp(outcome->effect, "withdrawn") == 0 && first) {
        TEXT_SET(pole->labelled_since, NULL);
    } else if (outcome->state == POLE_ACTIVE && pole->labelled_since[0] == '\0') {
        TEXT_SET(pole->labelled_since, outcome->from);
    }
}

static void apply_to_next(pole_t *pole, const outcome_t *outcome)
{
    if (outcome->until != NULL) {
        TEXT_SET(pole->next_until, outcome->until);
    }
    if (outcome->state == POLE_ACTIVE) {
        take_next(pole);
    } else if (outcome->state == POLE_ENDED) {
        TEXT_SET(pole->next_label, NULL);
        TEXT_SET(pole->next_until, NULL);
    }
}

/* Whether an outcome has changed nothing. */
static bool is_same(const pole_t *before, const pole_t *after)
{
    return before->state == after->state && strcmp(before->label, after->label) == 0 &&
           strcmp(before->label_until, after->label_until) == 0 &&
           strcmp(before->labelled_since, after->labelled_since) == 0 &&
           strcmp(before->next_label, after->next_label) == 0 &&
           strcmp(before->next_until, after->next_until) == 0;
}

/* A label that no pôle has (any more): nothing to do, if its pôle has had another one since. */
static pia_status_t pass_over(pia_db_t *db, const pia_event_t *event, const outcome_t *outcome)
{
    pole_t pole;
    if (outcome->state == POLE_ACTIVE) {
        return PIA_OK;
    }
    pia_status_t status = outcome->code ? store_pole_find(db, outcome->code, &pole) : PIA_NOT_FOUND;
    return status == PIA_NOT_FOUND ? refuse(db, event, "no pôle has this label") : status;
}

static pia_status_t on_outcome(pia_db_t *db, const pia_event_t *event, const outcome_t *outcome)
{
    pole_t pole, before;
    if (outcome->label == NULL || !pia_format_check("uuid", outcome->label)) {
        return refuse(db, event, "its data names no label");
    }
    pia_status_t status = store_pole_find_by_label(db, outcome->label, &pole);
    if (status == PIA_NOT_FOUND) {
        return pass_over(db, event, outcome);
    }
    if (status != PIA_OK) {
        return status;
    }
    before = pole;
    if (strcmp(pole.label, outcome->label) == 0) {
        apply_to_present(&pole, outcome);
    } else {
        apply_to_next(&pole, outcome);
    }
    if (is_same(&before, &pole)) {
        return PIA_OK;
    }
    status = store_pole_update(db, &pole);
    return status == PIA_OK ? announce_pole(db, "pole.updated", &pole) : status;
}

static pia_status_t on_label(pia_db_t *db, const pia_event_t *event)
{
    if (strcmp(event->type, "label.awarded") == 0) {
        return on_award(db, event);
    }
    if (strcmp(event->type, "label.transitioned") != 0) {
        return PIA_OK;
    }
    const outcome_t outcome = {
        .label = pia_json_text(event->data, "label"),
        .code = pia_json_text(json_object_get(event->data, "pole"), "code"),
        .effect = pia_json_text(event->data, "effect"),
        .from = pia_json_text(event->data, "valid_from"),
        .until = pia_json_text(event->data, "valid_until"),
        .state = outcome_of(pia_json_text(event->data, "effect")),
    };
    return outcome.state == POLE_UNKNOWN ? PIA_OK : on_outcome(db, event, &outcome);
}

pia_status_t registry_on_event(void *self, const pia_event_t *event)
{
    registry_t *registry = self;
    if (strcmp(event->source, LABELS_SOURCE) != 0) {
        return PIA_OK; /* no other service makes pôles */
    }
    pia_status_t status = on_label(registry->context->db, event);
    if (status == PIA_OK) {
        handler_poles_changed(registry);
    }
    return status;
}
