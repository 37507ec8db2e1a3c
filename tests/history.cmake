# What the history tests try the journal with, and what they must find wrong: none of it is part of a
# program that is installed.

# Preloaded, also into programs without sanitizers: so it has none.
add_library(pia_volatile_disk MODULE support/volatile_disk.c)
target_compile_features(pia_volatile_disk PRIVATE c_std_11)
target_compile_definitions(pia_volatile_disk PRIVATE _GNU_SOURCE)
target_compile_options(pia_volatile_disk PRIVATE
    -Wall -Wextra -Wshadow -Wconversion $<$<BOOL:${PIA_WERROR}>:-Werror>)

# pia_add_wrong(early_ack pia_db_commit …): the journal with these functions replaced by those of
# support/wrong_early_ack.c. The checker must find it out.
function(pia_add_wrong name)
    add_executable(pia-diffusion-${name}
        ${PROJECT_SOURCE_DIR}/services/diffusion/main.c support/wrong_${name}.c)
    target_link_libraries(pia-diffusion-${name} PRIVATE pia_diffusion pia_flags)
    foreach(function IN LISTS ARGN)
        target_link_options(pia-diffusion-${name} PRIVATE -Wl,--wrap=${function})
    endforeach()
    set_target_properties(pia-diffusion-${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/wrong)
endfunction()
pia_add_wrong(early_ack pia_db_begin pia_db_commit pia_db_rollback commit_entry_write)
pia_add_wrong(shows_all pia_principal_sees)
pia_add_wrong(never_revokes streams_revoke)
pia_add_wrong(no_dedup fingerprints_of)
