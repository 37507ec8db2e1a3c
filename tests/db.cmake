# The database on both engines, migrations, the file lock and the cache.
set(support ${CMAKE_CURRENT_SOURCE_DIR}/support)

pia_add_test(unit.common.db_sqlite
    SOURCES unit/common/test_db_sqlite.c unit/common/test_db.c support/test_database.c
    LIBS pia_common)
pia_add_test(unit.common.db_sqlite_log
    SOURCES unit/common/test_db_sqlite_log.c support/test_database.c
    LIBS pia_common)
target_include_directories(unit.common.db_sqlite_log PRIVATE ${PROJECT_SOURCE_DIR}/common/src)
pia_add_test(unit.common.migrate_sqlite
    SOURCES unit/common/test_migrate.c support/test_database.c
    LIBS pia_common)
pia_add_test(unit.common.lock SOURCES unit/common/test_lock.c LIBS pia_common)
pia_add_test(unit.common.cache SOURCES unit/common/test_cache.c LIBS pia_common PkgConfig::HIREDIS)
pia_add_test(unit.common.fresh SOURCES unit/common/test_fresh.c LIBS pia_common)

add_executable(test_db_pgsql
    unit/common/test_db_pgsql.c unit/common/test_db.c support/test_database.c)
target_include_directories(test_db_pgsql PRIVATE support)
target_link_libraries(test_db_pgsql PRIVATE pia_common PkgConfig::CMOCKA Threads::Threads pia_flags)

# Run with a PostgreSQL server of their own.
add_test(NAME unit.common.db_pgsql
    COMMAND ${support}/private_postgres run $<TARGET_FILE:test_db_pgsql>)
add_test(NAME unit.common.migrate_pgsql
    COMMAND ${support}/private_postgres run $<TARGET_FILE:unit.common.migrate_sqlite>)
set_tests_properties(unit.common.db_pgsql unit.common.migrate_pgsql
    PROPERTIES LABELS unit TIMEOUT 120)
