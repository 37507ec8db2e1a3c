/* world.c - stores made from an image, and the people. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence.h"
#include "people.h"
#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/memory.h"
#include "seams.h"
#include "specification.h"

extern const char pia_common_schema_sql[], label_pia_v1[], cahier_pia_v1[];

static const pia_migration_t common_tables[] = {{1, pia_common_schema_sql}, {0, NULL}};

bool fail(failure_t *failure, const char *name, const char *format, ...)
{
    if (failure->name)
        return false;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure->detail, sizeof failure->detail, format, arguments);
    va_end(arguments);
    failure->name = name;
    return false;
}

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "simulate: %s: %s\n", what, why);
    exit(2);
}

static void must(pia_status_t status, const char *what, const pia_problem_t *problem)
{
    if (status != PIA_OK)
        die(what, problem && problem->detail[0] ? problem->detail : pia_status_text(status));
}

/* Whose structure: 'a' and 'b', or 0. */
static const struct {
    const char *label;
    uint32_t roles;
    char structure;
} people[ACTORS] = {
    {"candidate 1", PIA_ROLE_CANDIDAT, 'a'},
    {"candidate 2", PIA_ROLE_CANDIDAT, 'b'},
    {"candidate 3", PIA_ROLE_CANDIDAT | PIA_ROLE_POLE, 'a'},
    {"secretariat 1", PIA_ROLE_SECRETARIAT, 0},
    {"secretariat 2", PIA_ROLE_SECRETARIAT | PIA_ROLE_REVIEWER, 0},
    {"instructeur", PIA_ROLE_INSTRUCTEUR, 0},
    {"reviewer 1", PIA_ROLE_REVIEWER, 0},
    {"reviewer 2", PIA_ROLE_REVIEWER, 'b'},
    {"reviewer 3", PIA_ROLE_REVIEWER | PIA_ROLE_COMMITTEE, 0},
    {"committee 1", PIA_ROLE_COMMITTEE, 0},
    {"committee 2", PIA_ROLE_COMMITTEE, 'a'},
    {"signatory 1", PIA_ROLE_SIGNATORY, 0},
    {"signatory 2", PIA_ROLE_SIGNATORY | PIA_ROLE_INSTRUCTEUR, 0},
    {"operator", PIA_ROLE_OPERATOR, 0},
};

static void make_people(world_t *self)
{
    char person[PIA_UUID_TEXT_SIZE];
    for (int i = 0; i < 2; i++)
        (void)snprintf(self->structures[i], PIA_UUID_TEXT_SIZE,
                       "0190a000-0000-7000-8000-00000000000%c", 'a' + i);
    for (int i = 0; i < ACTORS; i++) {
        pia_principal_t *principal = &self->actors[i].principal;
        self->actors[i].label = people[i].label;
        principal->roles = people[i].roles;
        (void)snprintf(person, sizeof person, "0190a000-0000-7000-8000-0000000001%02d", i);
        (void)snprintf(principal->person, sizeof principal->person, "%s", person);
        (void)snprintf(principal->subject, sizeof principal->subject, "/persons/%s", person);
        if (people[i].structure)
            memcpy(principal->structure, self->structures[people[i].structure - 'a'],
                   sizeof principal->structure);
    }
}

static void tell(world_t *self, const char *type, json_t *data)
{
    char id[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(id);
    const pia_event_t event = {
        .id = id, .source = "/services/registry", .type = type, .data = data};
    must(people_apply(self->service.db, &event), type, NULL);
    json_decref(data);
}

static void tell_people(world_t *self)
{
    for (int i = 0; i < 2; i++)
        tell(self, "structure.created",
             json_pack("{s:s, s:s}", "structure", self->structures[i], "name", "Structure"));
    for (int i = 0; i < ACTORS; i++) {
        const pia_principal_t *principal = &self->actors[i].principal;
        tell(self, "person.created",
             json_pack("{s:s, s:o, s:s*}", "person", principal->person, "roles",
                       pia_roles_json(principal->roles), "structure",
                       principal->structure[0] ? principal->structure : NULL));
    }
}

static char *read_file(const char *path, size_t *ret_size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0)
        die(path, strerror(errno));
    char *bytes = pia_alloc((size_t)about.st_size + 1);
    if (read(file, bytes, (size_t)about.st_size) != about.st_size)
        die(path, "cannot be read");
    (void)close(file);
    *ret_size = (size_t)about.st_size;
    return bytes;
}

static void add_definition(world_t *self, const char *bytes, size_t size, const char *path)
{
    definition_t *definition = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    must(definition_load(bytes, size, &definition, &problem), path, &problem);
    must(library_add(self->service.library, self->service.db, bytes, size, &problem), path,
         &problem);
    const definition_t *kept = NULL;
    must(library_find(self->service.library, self->service.db, definition->name,
                      definition->version, &kept, &problem),
         path, &problem);
    self->definitions[self->definition_count++] = pia_strdup(definition->name);
    definition_destroy(&definition);
}

static void begin(world_t *self)
{
    pia_problem_t problem = {.status = PIA_OK};
    must(pia_db_open(self->url, PIA_DB_WRITER, &self->service.db, &problem), self->url, &problem);
}

static void remove_files(const world_t *self)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[PATH_SIZE + 8];
        (void)snprintf(path, sizeof path, "%s%s", self->path, endings[i]);
        (void)unlink(path);
    }
}

static void fill_image(world_t *self, const char *const *files, size_t count)
{
    pia_problem_t problem = {.status = PIA_OK};
    must(pia_db_migrate(self->service.db, "common", common_tables, &problem), "common", &problem);
    must(pia_db_migrate(self->service.db, "labellisation", labellisation_migrations, &problem),
         "labellisation", &problem);
    must(pia_db_begin(self->service.db), "begin", NULL);
    must(specification_ship(self->service.db, cahier_pia_v1, pia_clock_now()), "cahier", NULL);
    add_definition(self, label_pia_v1, strlen(label_pia_v1), "label-pia");
    for (size_t i = 0; i < count && self->definition_count < DEFINITIONS_MAX; i++) {
        size_t size;
        char *bytes = read_file(files[i], &size);
        add_definition(self, bytes, size, files[i]);
        free(bytes);
    }
    must(evidence_open(self->service.db, &self->service.key), "evidence", NULL);
    tell_people(self);
    must(pia_db_commit(self->service.db), "commit", NULL);
    must(pia_db_settle(self->service.db), "settle", NULL);
}

static void make_folder(world_t *self)
{
    const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(self->folder, sizeof self->folder, "%s/pia-simulate.XXXXXX", memory);
    if (!mkdtemp(self->folder))
        die(self->folder, strerror(errno));
    (void)snprintf(self->path, sizeof self->path, "%.200s/store.db", self->folder);
    (void)snprintf(self->url, sizeof self->url, "sqlite:%s", self->path);
}

void world_move(world_t *self)
{
    make_folder(self);
}

void world_init(world_t *self, const char *const *files, size_t count)
{
    char key[PATH_SIZE + 8];
    pia_problem_t problem = {.status = PIA_OK};
    memset(self, 0, sizeof *self);
    make_folder(self);
    (void)snprintf(key, sizeof key, "%s/key", self->folder);
    must(pia_signing_key_open(key, &self->service.key, &problem), key, &problem);
    (void)unlink(key);
    make_people(self);
    self->service.library = library_new();
    begin(self);
    fill_image(self, files, count);
    pia_db_close(&self->service.db);
    self->image = read_file(self->path, &self->image_size);
    remove_files(self);
}

void world_clear(world_t *self)
{
    for (size_t i = 0; i < self->definition_count; i++)
        free((char *)self->definitions[i]);
    library_destroy(&self->service.library);
    free(self->image);
    remove_files(self);
    (void)rmdir(self->folder);
}

static void write_image(const world_t *self, const void *image, size_t size)
{
    int file = open(self->path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || write(file, image, size) != (ssize_t)size)
        die(self->path, strerror(errno));
    (void)close(file);
}

void world_set_time(world_t *self, int64_t now_ms)
{
    self->now_ms = now_ms;
    seams_set_time(now_ms);
}

void world_open(world_t *self, const void *image, size_t size, int64_t now_ms)
{
    world_set_time(self, now_ms);
    remove_files(self);
    write_image(self, image ? image : self->image, image ? size : self->image_size);
    begin(self);
    self->service.keep_ms = 0;
    must(pia_db_begin(self->service.db), "begin", NULL);
}

void *world_image(world_t *self, size_t *ret_size)
{
    must(pia_db_commit(self->service.db), "commit", NULL);
    must(pia_db_settle(self->service.db), "settle", NULL);
    void *image = read_file(self->path, ret_size);
    must(pia_db_begin(self->service.db), "begin", NULL);
    return image;
}

void world_close(world_t *self)
{
    pia_db_rollback(self->service.db);
    pia_db_close(&self->service.db);
    remove_files(self);
}

bool world_commit(world_t *self)
{
    return pia_db_commit(self->service.db) == PIA_OK && pia_db_begin(self->service.db) == PIA_OK;
}

void world_crash(world_t *self, bool definitions)
{
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_close(&self->service.db);
    if (definitions) {
        library_destroy(&self->service.library);
        self->service.library = library_new();
    }
    begin(self);
    must(pia_db_begin(self->service.db), "begin", &problem);
    must(evidence_open(self->service.db, &self->service.key), "evidence", NULL);
}

const actor_t *world_actor(const world_t *self, const char *subject)
{
    for (int i = 0; i < ACTORS; i++)
        if (strcmp(self->actors[i].principal.subject, subject) == 0)
            return &self->actors[i];
    return NULL;
}

const actor_t *world_holder(const world_t *self, uint32_t role, size_t which)
{
    for (int i = 0; i < ACTORS; i++)
        if ((self->actors[i].principal.roles & role) != 0 && which-- == 0)
            return &self->actors[i];
    abort();
}
