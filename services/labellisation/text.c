/* text.c - texts that people wrote, named by their hash. */
#include "text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/db_file.h"
#include "pia/memory.h"

enum { SALT_SIZE = crypto_generichash_KEYBYTES };

enum { INSERT, FIND, HAS, ERASE };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO text (hash, matter, salt, content, recorded_at) "
               "VALUES ($1, $2, $3, $4, $5)",
    [FIND] = "SELECT salt, content FROM text WHERE hash = $1",
    [HAS] = "SELECT 1 FROM text WHERE hash = $1",
    [ERASE] = "DELETE FROM text WHERE hash = $1",
};

static void hash_text(const unsigned char *salt, const char *content, char ret_hash[TEXT_HASH_SIZE])
{
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)content, strlen(content),
                             salt, SALT_SIZE);
    (void)sodium_bin2hex(ret_hash, TEXT_HASH_SIZE, hash, sizeof hash);
}

pia_status_t text_add(pia_db_t *db,
                      const char *matter,
                      const char *content,
                      int64_t recorded_ms,
                      char ret_hash[TEXT_HASH_SIZE])
{
    unsigned char salt[SALT_SIZE];
    randombytes_buf(salt, sizeof salt);
    hash_text(salt, content, ret_hash);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, ret_hash);
    pia_stmt_text(stmt, 2, matter);
    pia_stmt_bytes(stmt, 3, salt, sizeof salt);
    pia_stmt_text(stmt, 4, content);
    pia_stmt_integer(stmt, 5, recorded_ms);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t text_get(pia_db_t *db, const char *hash, char **ret_content)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, hash);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    size_t size;
    const unsigned char *salt = pia_stmt_column_bytes(stmt, 0, &size);
    const char *content = pia_stmt_column_text(stmt, 1);
    char again[TEXT_HASH_SIZE] = "";
    if (size == SALT_SIZE && content)
        hash_text(salt, content, again);
    if (strcmp(again, hash) == 0)
        *ret_content = pia_strdup(content);
    else
        status = PIA_INTERNAL;
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t text_has(pia_db_t *db, const char *hash, bool *ret_found)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[HAS]);
    pia_stmt_text(stmt, 1, hash);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_found = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t text_erase(pia_db_t *db, const char *hash)
{
    pia_db_empty_log(db);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ERASE]);
    pia_stmt_text(stmt, 1, hash);
    return pia_stmt_run(stmt, NULL);
}
