/* postgres.c - whom an event reaches, asked of PostgreSQL: by a scan over bit masks and by a GIN
 * index over arrays, with the list of matches fetched.
 *
 * usage: bench-postgres match --endpoint CONNINFO --count SUBSCRIPTIONS --window EVENTS */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "population.h"

enum { LINE_MAX_SIZE = 512, WARM = 3 };

static const char CREATE[] =
    "CREATE TABLE masks (id int, themes int, regions int, kinds int, sectors int);"
    "CREATE TABLE lists (id int, themes int[], regions int[], kinds int[], sectors int[])";
/* 0 in a list is "any"; the other values are 1 and up. */
static const char INDEX[] = "CREATE INDEX ON lists USING gin (themes, regions, kinds, sectors);"
                            "VACUUM ANALYZE masks; VACUUM ANALYZE lists";
static const char BY_MASK[] = "SELECT id FROM masks WHERE themes & $1 <> 0 AND regions & $2 <> 0"
                              " AND kinds & $3 <> 0 AND sectors & $4 <> 0";
static const char BY_LIST[] =
    "SELECT id FROM lists WHERE themes && ARRAY[0, $1::int] AND regions && ARRAY[0, $2::int]"
    " AND kinds && ARRAY[0, $3::int] AND sectors && ARRAY[0, $4::int]";

static void check(PGconn *pg, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted)
        die("PostgreSQL: %s", PQerrorMessage(pg));
    PQclear(result);
}

static void run_sql(PGconn *pg, const char *sql)
{
    char statement[LINE_MAX_SIZE];
    while (*sql) {
        int size = (int)strcspn(sql, ";");
        (void)snprintf(statement, sizeof statement, "%.*s", size, sql);
        check(pg, PQexec(pg, statement), PGRES_COMMAND_OK);
        sql += size + (sql[size] == ';');
    }
}

static int write_mask(char *line, uint64_t id, const interest_t *interest)
{
    int size = snprintf(line, LINE_MAX_SIZE, "%llu", (unsigned long long)id);
    for (int d = 0; d < DIMENSIONS; d++)
        size += snprintf(line + size, LINE_MAX_SIZE - (size_t)size, "\t%d",
                         interest->mask[d] ? (int)interest->mask[d] : -1);
    return size + snprintf(line + size, LINE_MAX_SIZE - (size_t)size, "\n");
}

static int write_list(char *line, uint64_t id, const interest_t *interest)
{
    int size = snprintf(line, LINE_MAX_SIZE, "%llu", (unsigned long long)id);
    for (int d = 0; d < DIMENSIONS; d++) {
        size += snprintf(line + size, LINE_MAX_SIZE - (size_t)size, "\t{%s",
                         interest->mask[d] ? "" : "0");
        bool first = true;
        for (unsigned i = 0; i < dimensions[d].count; i++) {
            if (!(interest->mask[d] & 1U << i))
                continue;
            size +=
                snprintf(line + size, LINE_MAX_SIZE - (size_t)size, first ? "%u" : ",%u", i + 1);
            first = false;
        }
        size += snprintf(line + size, LINE_MAX_SIZE - (size_t)size, "}");
    }
    return size + snprintf(line + size, LINE_MAX_SIZE - (size_t)size, "\n");
}

typedef int write_fn(char *line, uint64_t id, const interest_t *interest);

static void load(PGconn *pg, const char *copy, uint64_t count, write_fn *write)
{
    uint64_t state = 1;
    char line[LINE_MAX_SIZE];
    check(pg, PQexec(pg, copy), PGRES_COPY_IN);
    for (uint64_t id = 1; id <= count; id++) {
        interest_t interest = interest_next(&state);
        if (PQputCopyData(pg, line, write(line, id, &interest)) != 1)
            die("PostgreSQL: %s", PQerrorMessage(pg));
    }
    if (PQputCopyEnd(pg, NULL) != 1)
        die("PostgreSQL: %s", PQerrorMessage(pg));
    PGresult *result;
    while ((result = PQgetResult(pg)) != NULL)
        check(pg, result, PGRES_COMMAND_OK);
}

static unsigned bit_number(uint32_t bit)
{
    unsigned number = 0;
    while (bit > 1U << number)
        number++;
    return number;
}

/* One event's matches. */
static int match(PGconn *pg, const char *name, const interest_t *occasion, bool masks)
{
    char text[DIMENSIONS][16];
    const char *values[DIMENSIONS];
    for (int d = 0; d < DIMENSIONS; d++) {
        unsigned value = masks ? occasion->mask[d] : bit_number(occasion->mask[d]) + 1;
        (void)snprintf(text[d], sizeof text[d], "%u", value);
        values[d] = text[d];
    }
    PGresult *result = PQexecPrepared(pg, name, DIMENSIONS, values, NULL, NULL, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("PostgreSQL: %s", PQerrorMessage(pg));
    int count = PQntuples(result);
    PQclear(result);
    return count;
}

/* Prints the times as a member; returns how many matched on average. */
static double measure(PGconn *pg, const char *name, const char *sql, bool masks, unsigned events)
{
    uint64_t state = 2;
    double matched = 0;
    check(pg, PQprepare(pg, name, sql, 0, NULL), PGRES_COMMAND_OK);
    (void)printf("\"%s_us\":[", name);
    for (unsigned i = 0; i < events + WARM; i++) {
        interest_t occasion = occasion_next(&state);
        int64_t began = clock_ns();
        int count = match(pg, name, &occasion, masks);
        double us = (double)(clock_ns() - began) / 1000;
        if (i < WARM)
            continue;
        matched += count;
        (void)printf(i > WARM ? ",%.1f" : "%.1f", us);
    }
    (void)printf("],");
    return matched / events;
}

static void match_all(const options_t *options)
{
    PGconn *pg = PQconnectdb(options->endpoint);
    if (PQstatus(pg) != CONNECTION_OK)
        die("PostgreSQL: %s", PQerrorMessage(pg));
    int64_t began = clock_ns();
    run_sql(pg, CREATE);
    load(pg, "COPY masks FROM STDIN", options->count, write_mask);
    load(pg, "COPY lists FROM STDIN", options->count, write_list);
    run_sql(pg, INDEX);
    (void)printf("{\"subscriptions\":%llu,\"load_s\":%.3f,", (unsigned long long)options->count,
                 (double)(clock_ns() - began) / 1e9);
    double by_mask = measure(pg, "mask", BY_MASK, true, options->window);
    double by_list = measure(pg, "gin", BY_LIST, false, options->window);
    if (by_mask != by_list)
        die("PostgreSQL: %f matches by mask, %f by list", by_mask, by_list);
    (void)printf("\"matched\":%.1f}\n", by_mask);
    PQfinish(pg);
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "postgres", .match = match_all};
    return bench_main(&system, argc, argv);
}
