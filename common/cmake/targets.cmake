# The language level, warnings, hardening and sanitizers of every target of ours.
add_library(pia_flags INTERFACE)
target_compile_features(pia_flags INTERFACE c_std_11)
target_compile_definitions(pia_flags INTERFACE _GNU_SOURCE PIA_VERSION="${PROJECT_VERSION}")
target_compile_options(pia_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wformat=2 -Wundef
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> # where snprintf may cut, it cuts on purpose
    $<$<BOOL:${PIA_WERROR}>:-Werror>
    # What clang adds to these beyond gcc: tables with trailing members left out, assert(!"reason"),
    # long texts in parts.
    $<$<C_COMPILER_ID:Clang>:-Wno-missing-field-initializers;-Wno-string-conversion;-Wno-string-concatenation>
    $<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2;-fstack-protector-strong;-fPIE>)
target_link_options(pia_flags INTERFACE
    $<$<CONFIG:RelWithDebInfo>:-pie;-Wl,-z,relro;-Wl,-z,now;-Wl,-z,noexecstack>)
if(PIA_SANITIZE)
    target_compile_options(pia_flags INTERFACE
        -fsanitize=${PIA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(pia_flags INTERFACE -fsanitize=${PIA_SANITIZE})
endif()

# pia_add_service(registry SOURCES service.c ... LIBS ...): a static library holding all but main(), so
# that tests link it, and the executable pia-registry.
function(pia_add_service name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_library(pia_${name} STATIC ${ARG_SOURCES})
    target_include_directories(pia_${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(pia_${name} PUBLIC pia_common ${ARG_LIBS} PRIVATE pia_flags)
    add_executable(pia-${name} main.c)
    target_link_libraries(pia-${name} PRIVATE pia_${name} pia_flags)
    set_target_properties(pia-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# pia_add_test(unit.registry.handlers SOURCES unit/registry/test_handlers.c LIBS pia_registry)
function(pia_add_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} PkgConfig::CMOCKA pia_flags)
    add_test(NAME ${name} COMMAND ${name})
    string(REGEX REPLACE "[.].*" "" kind ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${kind} TIMEOUT 60)
endfunction()

# pia_embed(target symbol file): the bytes of a file as `const char symbol[]`, NUL-terminated, declared
# by hand where it is used: extern const char symbol[];
function(pia_embed target symbol file)
    set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DSYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/common/cmake/embed.cmake
        DEPENDS ${input} ${PROJECT_SOURCE_DIR}/common/cmake/embed.cmake)
    target_sources(${target} PRIVATE ${output})
endfunction()
