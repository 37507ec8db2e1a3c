/* service.c - what the registry can be asked, by whom, and how it lives. */
#include "pia/service.h"

#include "handlers.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "proto/key.h"
#include "proto/person.h"
#include "proto/pole.h"
#include "proto/reference.h"
#include "proto/structure.h"
#include "registry.h"
#include "start.h"
#include "store_state.h"

enum { STAFF = PIA_ROLE_SECRETARIAT | PIA_ROLE_OPERATOR };

extern const char registry_migration_001[];

static const pia_route_t routes[] = {
    {&pia_msg_registry_authenticate, PIA_ROLE_PUBLIC, handle_authenticate},
    {&pia_msg_registry_key_create, STAFF, handle_key_create},
    {&pia_msg_registry_key_revoke, STAFF, handle_key_revoke},
    {&pia_msg_registry_key_list, STAFF, handle_key_list},
    {&pia_msg_registry_person_create, STAFF, handle_person_create},
    {&pia_msg_registry_person_get, PIA_ROLE_ANY, handle_person_get}, /* others: themselves */
    {&pia_msg_registry_person_list, STAFF | PIA_ROLE_SERVICE, handle_person_list},
    {&pia_msg_registry_person_update, STAFF, handle_person_update},
    {&pia_msg_registry_structure_create, STAFF, handle_structure_create},
    {&pia_msg_registry_structure_get, PIA_ROLE_ANY,
     handle_structure_get}, /* candidates: their own */
    {&pia_msg_registry_structure_list, PIA_ROLE_ANY & ~PIA_ROLE_CANDIDAT, handle_structure_list},
    {&pia_msg_registry_structure_update, STAFF, handle_structure_update},
    {&pia_msg_registry_pole_get, PIA_ROLE_PUBLIC, handle_pole_get},
    {&pia_msg_registry_pole_list, PIA_ROLE_PUBLIC, handle_pole_list},
    {&pia_msg_registry_pole_update, STAFF, handle_pole_update},
    {&pia_msg_registry_pole_suspend, STAFF, handle_pole_suspend},
    {&pia_msg_registry_pole_reactivate, STAFF, handle_pole_reactivate},
    {&pia_msg_registry_reference_list, PIA_ROLE_PUBLIC, handle_reference_list},
    {&pia_msg_registry_commune_get, PIA_ROLE_PUBLIC, handle_commune_get},
    {&pia_msg_registry_commune_list, PIA_ROLE_PUBLIC, handle_commune_list},
    {&pia_msg_registry_clock_get, PIA_ROLE_PUBLIC, handle_clock_get},
    {&pia_msg_registry_clock_advance, PIA_ROLE_OPERATOR, handle_clock_advance},
    {NULL, 0, NULL},
};

static const pia_option_t options[] = {
    {.section = "registry",
     .key = "demonstration",
     .type = PIA_OPTION_BOOLEAN,
     .value = "false",
     .help = "whether legal time may be advanced"},
    {.section = "registry",
     .key = "reference",
     .type = PIA_OPTION_TEXT,
     .value = "",
     .help = "directory of the reference files; empty: those in the program"},
    {.section = "registry",
     .key = "signing_key",
     .type = PIA_OPTION_TEXT,
     .value = "token.key",
     .help = "file of the key that signs tokens, made if missing"},
    {.key = NULL},
};

static const pia_migration_t migrations[] = {{1, registry_migration_001}, {0, NULL}};

static const char FOLLOW[] = "{\"types\": [\"label.awarded\", \"label.transitioned\"]}";

/* Legal time in force, before anything is dated. */
static pia_status_t set_clock(registry_t *registry, pia_db_t *db, pia_problem_t *problem)
{
    pia_status_t status = store_clock_find(db, &registry->shift_ms);
    if (status != PIA_OK) {
        return pia_problem_set(problem, status, NULL, "legal time: %s", pia_db_error(db));
    }
    pia_clock_set_shift(registry->shift_ms);
    return PIA_OK;
}

pia_status_t registry_open(void *self, const pia_context_t *context, pia_problem_t *problem)
{
    registry_t *registry = self;
    registry->context = context;
    registry->demonstration = pia_config_boolean(context->config, "registry", "demonstration");
    pia_status_t status = set_clock(registry, context->db, problem);
    if (status == PIA_OK) {
        const char *reference = pia_config_text(context->config, "registry", "reference");
        status = start_complete(context->db, reference, problem);
    }
    if (status == PIA_OK) {
        pia_signer_t *signer = NULL;
        status = pia_signer_open(pia_config_text(context->config, "registry", "signing_key"),
                                 pia_config_text(context->config, "service", "token_key"), &signer,
                                 problem);
        registry->signer = signer;
    }
    return status;
}

/* On a shared database another instance may have moved legal time. */
static pia_status_t tick(void *self, int64_t now_ms)
{
    (void)now_ms;
    registry_t *registry = self;
    pia_db_t *db = registry->context->db;
    return pia_db_is_shared(db) ? store_clock_find(db, &registry->shift_ms) : PIA_OK;
}

static void committed(void *self)
{
    registry_t *registry = self;
    pia_clock_set_shift(registry->shift_ms);
    registry->cached += pia_fresh_set(&registry->fresh, registry->context->cache);
}

static void rolled_back(void *self)
{
    registry_t *registry = self;
    registry->shift_ms = pia_clock_shift();
    pia_fresh_undo(&registry->fresh, 0);
}

static void stats(void *self, json_t *stats)
{
    registry_t *registry = self;
    int64_t refused = 0;
    (void)store_refused_count(registry->context->db, &refused);
    json_object_set_new(stats, "signed_in", json_integer((json_int_t)registry->signed_in));
    json_object_set_new(stats, "not_signed_in", json_integer((json_int_t)registry->not_signed_in));
    json_object_set_new(stats, "cached", json_integer((json_int_t)registry->cached));
    json_object_set_new(stats, "refused_events", json_integer(refused));
}

static size_t own_token(void *self, uint8_t ret_token[PIA_TOKEN_MAX])
{
    registry_t *registry = self;
    const pia_signer_t *signer = registry->signer;
    if (signer == NULL) {
        return 0;
    }
    pia_principal_t principal = {.subject = "/services/registry",
                                 .roles = PIA_ROLE_SERVICE,
                                 .expires_at = pia_clock_wall() + PIA_TOKEN_LIFE_MS};
    return pia_signer_sign(signer, &principal, ret_token);
}

pia_service_t registry_service(registry_t *registry)
{
    registry->hooks = (pia_executor_hooks_t){
        .self = registry, .committed = committed, .rolled_back = rolled_back};
    return (pia_service_t){.name = "registry",
                           .options = options,
                           .migrations = migrations,
                           .routes = routes,
                           .self = registry,
                           .open = registry_open,
                           .tick = tick,
                           .stats = stats,
                           .follow = FOLLOW,
                           .on_event = registry_on_event,
                           .hooks = &registry->hooks,
                           .own_token = own_token};
}

void registry_close(registry_t *registry)
{
    pia_signer_t *signer = registry->signer;
    pia_fresh_undo(&registry->fresh, 0);
    pia_signer_destroy(&signer);
    registry->signer = NULL;
}
