/* reference.c - loads the tables; poles.json has its own file, reference_poles.c. */
#include "reference.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/log.h"
#include "reference_files.h"
#include "reference_poles.h"
#include "store_reference.h"
#include "text.h"
#include "tsv.h"

typedef pia_status_t load_row_fn(pia_db_t *db, const tsv_t *row, int64_t position);

static pia_status_t load_region(pia_db_t *db, const tsv_t *row, int64_t position)
{
    reference_item_t item = {.list = "regions",
                             .code = row->field[0],
                             .label = row->field[1],
                             .zone = text_or_null(row->field[2])};
    return store_reference_insert(db, &item, position);
}

static pia_status_t load_departement(pia_db_t *db, const tsv_t *row, int64_t position)
{
    reference_item_t item = {.list = "departements",
                             .code = row->field[0],
                             .label = row->field[1],
                             .region = text_or_null(row->field[2]),
                             .zone = text_or_null(row->field[4])};
    return store_reference_insert(db, &item, position);
}

static pia_status_t load_ape(pia_db_t *db, const tsv_t *row, int64_t position)
{
    reference_item_t item = {.list = "ape", .code = row->field[0], .label = row->field[1]};
    return store_reference_insert(db, &item, position);
}

static pia_status_t load_commune(pia_db_t *db, const tsv_t *row, int64_t position)
{
    (void)position;
    const char *population = row->field[5];
    char *end = NULL;
    commune_row_t commune = {.code = row->field[0],
                             .name = row->field[1],
                             .departement = row->field[2],
                             .region = row->field[3],
                             .epci = text_or_null(row->field[4]),
                             .population = -1,
                             .postcodes = row->field[6]};
    if (population[0] != '\0') {
        commune.population = strtoll(population, &end, 10);
        if (*end != '\0' || commune.population < 0) {
            return PIA_INVALID;
        }
    }
    return store_commune_insert(db, &commune);
}

static const struct table {
    const char *name;
    size_t columns;
    const char *list; /* NULL: the communes */
    load_row_fn *load_row;
} tables[] = {
    {"regions.tsv", 6, "regions", load_region},
    {"departements.tsv", 6, "departements", load_departement},
    {"ape.tsv", 2, "ape", load_ape},
    {"communes.tsv", 7, NULL, load_commune},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

static pia_status_t load_table(
    pia_db_t *db, const struct table *table, const char *bytes, size_t size, pia_problem_t *problem)
{
    pia_status_t status =
        table->list == NULL ? store_commune_clear(db) : store_reference_clear(db, table->list);
    tsv_t tsv;
    tsv_open(&tsv, bytes, size, table->columns);
    for (int64_t position = 1; status == PIA_OK; position++) {
        status = tsv_next(&tsv, problem);
        if (status != PIA_OK) {
            break;
        }
        status = table->load_row(db, &tsv, position);
        if (status != PIA_OK && status != PIA_UNAVAILABLE) {
            return pia_problem_set(problem, PIA_INVALID, NULL, "line %d: %s", tsv.number,
                                   pia_db_error(db));
        }
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t reference_load_file(
    pia_db_t *db, const char *name, const char *bytes, size_t size, pia_problem_t *problem)
{
    pia_problem_t why = {.status = PIA_OK};
    pia_status_t status = PIA_NOT_FOUND;
    if (strcmp(name, "poles.json") == 0) {
        status = reference_load_poles(db, bytes, size, &why);
    }
    for (size_t i = 0; i < TABLES; i++) {
        if (strcmp(name, tables[i].name) == 0) {
            status = load_table(db, &tables[i], bytes, size, &why);
        }
    }
    if (status != PIA_OK) {
        const char *detail = why.status == status ? why.detail : pia_db_error(db);
        (void)pia_problem_set(problem, status, NULL, "reference file %s: %s", name, detail);
    }
    return status;
}

/* Loads a file unless this content was loaded last. */
static pia_status_t load_once(pia_db_t *db,
                              const char *name,
                              const reference_file_t *file,
                              int64_t now_ms,
                              pia_problem_t *problem)
{
    uint8_t hash[REFERENCE_HASH_SIZE];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)file->bytes, file->size, NULL, 0);
    pia_status_t status = store_source_is_loaded(db, name, hash);
    if (status != PIA_NOT_FOUND) {
        return status;
    }
    status = reference_load_file(db, name, file->bytes, file->size, problem);
    if (status == PIA_OK) {
        pia_log(PIA_LOG_INFO, "reference file %s loaded, %zu bytes", name, file->size);
        status = store_source_set(db, name, hash, now_ms);
    }
    return status;
}

pia_status_t
reference_load(pia_db_t *db, const char *directory, int64_t now_ms, pia_problem_t *problem)
{
    static const char *const names[] = {"regions.tsv", "departements.tsv", "ape.tsv",
                                        "communes.tsv", "poles.json"};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && status == PIA_OK; i++) {
        reference_file_t file;
        status = reference_file_read(directory, names[i], &file, problem);
        if (status == PIA_OK) {
            status = load_once(db, names[i], &file, now_ms, problem);
            reference_file_release(&file);
        }
    }
    return status;
}
