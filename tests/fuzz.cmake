# libFuzzer targets: configured with -DPIA_FUZZ=ON, clang and PIA_SANITIZE=address,undefined.
# As tests each runs for PIA_FUZZ_SECONDS; by hand: build/fuzz/tests/fuzz.broker.core CORPUS…
set(PIA_FUZZ_SECONDS 10 CACHE STRING "How long each fuzzer runs as a test")

# pia_add_fuzzer(fuzz.broker.core SOURCES fuzz/fuzz_broker.c LIBS pia_broker): inputs that were worth
# keeping are in fuzz/corpus/<source's name>/.
function(pia_add_fuzzer name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} pia_flags)
    list(GET ARG_SOURCES 0 source)
    get_filename_component(source ${source} NAME_WE)
    set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${source})
    set(found ${CMAKE_CURRENT_BINARY_DIR}/corpus/${source})
    file(MAKE_DIRECTORY ${found})
    if(NOT EXISTS ${corpus})
        set(corpus)
    endif()
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${PIA_FUZZ_SECONDS} -timeout=10
        -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 ${found} ${corpus})
    math(EXPR limit "${PIA_FUZZ_SECONDS} + 60")
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()

if(PIA_FUZZ)
    # Coverage in everything of ours, or the fuzzer is blind.
    target_compile_options(pia_flags INTERFACE -fsanitize=fuzzer-no-link)
    pia_add_fuzzer(fuzz.broker.core SOURCES fuzz/fuzz_broker.c LIBS pia_broker)
endif()
