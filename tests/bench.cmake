# The client programs of tests/bench, in bench/ of the build folder (ninja bench). PIA's is always
# built; a peer's where its library is there (deploy/install bench).
pkg_check_modules(NATS QUIET IMPORTED_TARGET libnats>=3.4)
pkg_check_modules(MOSQUITTO QUIET IMPORTED_TARGET libmosquitto>=2.0)
add_custom_target(bench)

add_library(bench_common STATIC
    bench/bench.c bench/followers.c bench/operations.c bench/population.c)
target_link_libraries(bench_common PUBLIC Threads::Threads PRIVATE pia_flags)
add_library(bench_token STATIC bench/token.c)
target_link_libraries(bench_token PUBLIC pia_common bench_common PRIVATE pia_flags)

function(pia_add_bench name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(bench-${name} ${ARG_SOURCES})
    target_link_libraries(bench-${name} PRIVATE ${ARG_LIBS} bench_common pia_flags)
    set_target_properties(bench-${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    add_dependencies(bench bench-${name})
endfunction()

pia_add_bench(pia SOURCES bench/pia.c LIBS bench_token)
pia_add_bench(requests SOURCES bench/requests.c LIBS bench_token)
pia_add_bench(redis SOURCES bench/redis.c LIBS PkgConfig::HIREDIS)
if(NATS_FOUND)
    pia_add_bench(nats SOURCES bench/nats.c LIBS PkgConfig::NATS)
endif()
if(MOSQUITTO_FOUND)
    pia_add_bench(mqtt SOURCES bench/mqtt.c LIBS PkgConfig::MOSQUITTO)
endif()
pia_add_bench(limits SOURCES bench/limits.c LIBS PkgConfig::SQLITE)

# Whom an event reaches: the journal's own index beside PostgreSQL and Redis.
pia_add_bench(match SOURCES bench/match.c LIBS pia_diffusion)
pia_add_bench(postgres SOURCES bench/postgres.c LIBS PkgConfig::PQ)
pia_add_bench(sinter SOURCES bench/sinter.c LIBS PkgConfig::HIREDIS)

# The labellisation's engine beside bare SQLite.
pia_add_bench(labellisation SOURCES bench/labellisation.c LIBS pia_labellisation PkgConfig::SQLITE)
