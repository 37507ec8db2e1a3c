# libFuzzer targets: configured with -DPIA_FUZZ=ON, clang and PIA_SANITIZE=address,undefined (preset
# fuzz). As a test each runs for some seconds; by hand: build/fuzz/tests/fuzz.broker FOLDER….
if(NOT PIA_FUZZ)
    return()
endif()
if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "PIA_FUZZ needs clang")
endif()

# Coverage in everything of ours, or the fuzzer is blind.
target_compile_options(pia_flags INTERFACE -fsanitize=fuzzer-no-link)

# pia_add_fuzzer(broker LIBS pia_broker CORPUS FOLDER…): fuzz/fuzz_broker.c, from the inputs in
# fuzz/corpus/broker (tests/fuzz/make_seeds) and in the other folders.
function(pia_add_fuzzer name)
    cmake_parse_arguments(ARG "" "" "LIBS;CORPUS" ${ARGN})
    add_executable(fuzz.${name} fuzz/fuzz_${name}.c)
    target_include_directories(fuzz.${name} PRIVATE ${PROJECT_SOURCE_DIR}/common/src)
    target_link_options(fuzz.${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz.${name} PRIVATE ${ARG_LIBS} pia_common pia_flags)
    add_test(NAME fuzz.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run $<TARGET_FILE:fuzz.${name}>
        ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name} ${ARG_CORPUS})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 900)
endfunction()

foreach(name message request text header config stream subscriber member client)
    pia_add_fuzzer(${name})
endforeach()
pia_add_fuzzer(token LIBS PkgConfig::SODIUM)
if(TARGET pia_broker)
    pia_add_fuzzer(broker LIBS pia_broker)
endif()
if(TARGET pia_gateway)
    pia_add_fuzzer(http LIBS pia_gateway)
    pia_add_fuzzer(target LIBS pia_gateway)
    pia_add_fuzzer(connection LIBS pia_gateway)
endif()
if(TARGET pia_labellisation)
    pia_add_fuzzer(definition LIBS pia_labellisation
        CORPUS ${PROJECT_SOURCE_DIR}/services/labellisation/process)
    pia_add_fuzzer(data LIBS pia_labellisation)
endif()
if(TARGET pia_registry)
    pia_add_fuzzer(registry LIBS pia_registry)
endif()
if(TARGET pia_diffusion)
    pia_add_fuzzer(event LIBS pia_diffusion)
    pia_add_fuzzer(record LIBS pia_diffusion)
    pia_add_fuzzer(piad LIBS pia_diffusion)
endif()
if(TARGET pia_notifications)
    pia_add_fuzzer(template LIBS pia_notifications)
    pia_add_fuzzer(mime LIBS pia_notifications)
endif()
