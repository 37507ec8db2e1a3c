# The journal and its ways out. What has a database runs on both engines.
foreach(subject marker blake2b claims scan record cursor filter filter_text attributes piad links ring frame outflow tenure
        group_state group_engine group_acks group_property)
    pia_add_test(unit.diffusion.${subject}
        SOURCES unit/diffusion/test_${subject}.c LIBS pia_diffusion)
endforeach()
pia_add_test(unit.diffusion.match_index
    SOURCES unit/diffusion/test_match_index.c unit/diffusion/match_oracle.c LIBS pia_diffusion)
# 20 s under asan on an idle machine; beside other tests up to three times that.
set_tests_properties(unit.diffusion.match_index PROPERTIES TIMEOUT 180)
foreach(subject journal_log replay) # SQLite alone
    pia_add_test(unit.diffusion.${subject}
        SOURCES unit/diffusion/test_${subject}.c unit/diffusion/log_fixture.c
            unit/diffusion/diffusion_fixture.c support/test_database.c
        LIBS pia_diffusion)
    target_include_directories(unit.diffusion.${subject} PRIVATE unit/diffusion)
endforeach()
foreach(subject journal guard backups cut dedup dedup_rebuild verify matching publication reader revocations group_store group_owners)
    pia_add_test(unit.diffusion.${subject}
        SOURCES unit/diffusion/test_${subject}.c unit/diffusion/diffusion_fixture.c
            support/test_database.c
        LIBS pia_diffusion)
    target_include_directories(unit.diffusion.${subject} PRIVATE unit/diffusion)
    add_test(NAME unit.diffusion.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.diffusion.${subject}>)
    set_tests_properties(unit.diffusion.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
