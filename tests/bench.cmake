# The client programs of tests/bench, in bench/ of the build folder (ninja bench). PIA's is always
# built; a peer's where its library is there (deploy/install bench).
pkg_check_modules(NATS QUIET IMPORTED_TARGET libnats>=3.4)
pkg_check_modules(MOSQUITTO QUIET IMPORTED_TARGET libmosquitto>=2.0)
add_custom_target(bench)

function(pia_add_bench name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(bench-${name} ${ARG_SOURCES})
    target_link_libraries(bench-${name} PRIVATE ${ARG_LIBS} Threads::Threads pia_flags)
    set_target_properties(bench-${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    add_dependencies(bench bench-${name})
endfunction()

set(shared bench/bench.c bench/followers.c bench/operations.c)
pia_add_bench(pia SOURCES bench/pia.c bench/token.c ${shared} LIBS pia_common)
pia_add_bench(requests SOURCES bench/requests.c bench/token.c bench/population.c ${shared}
    LIBS pia_common)
pia_add_bench(redis SOURCES bench/redis.c ${shared} LIBS PkgConfig::HIREDIS)
if(NATS_FOUND)
    pia_add_bench(nats SOURCES bench/nats.c ${shared} LIBS PkgConfig::NATS)
endif()
if(MOSQUITTO_FOUND)
    pia_add_bench(mqtt SOURCES bench/mqtt.c ${shared} LIBS PkgConfig::MOSQUITTO)
endif()
pia_add_bench(limits SOURCES bench/limits.c ${shared} LIBS PkgConfig::SQLITE)

# Whom an event reaches: the journal's own index beside PostgreSQL and Redis.
pia_add_bench(postgres SOURCES bench/postgres.c bench/population.c ${shared} LIBS PkgConfig::PQ)
pia_add_bench(sinter SOURCES bench/sinter.c bench/population.c ${shared} LIBS PkgConfig::HIREDIS)
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/bench/match.c)
    pia_add_bench(match SOURCES bench/match.c LIBS pia_diffusion)
endif()
