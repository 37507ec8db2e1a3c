# The engine alone, then with its store on both engines.
foreach(subject day definition engine timer merkle content typography agenda quorum grid)
    pia_add_test(unit.labellisation.${subject}
        SOURCES unit/labellisation/test_${subject}.c LIBS pia_labellisation)
endforeach()
foreach(subject matter record kin evidence blob simulate review)
    pia_add_test(unit.labellisation.${subject}
        SOURCES unit/labellisation/test_${subject}.c unit/labellisation/bench.c
            support/test_database.c
        LIBS pia_labellisation)
    add_test(NAME unit.labellisation.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.labellisation.${subject}>)
    set_tests_properties(unit.labellisation.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
add_test(NAME arch.states_are_data
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/arch/states_are_data.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(arch.states_are_data PROPERTIES LABELS arch)
