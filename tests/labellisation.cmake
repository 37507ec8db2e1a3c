# The engine alone, then with its store on both engines.
foreach(subject day definition engine timer merkle content typography agenda quorum committee grid)
    pia_add_test(unit.labellisation.${subject}
        SOURCES unit/labellisation/test_${subject}.c LIBS pia_labellisation)
endforeach()
foreach(subject matter record kin evidence blob simulate review label label_acts remedy rights remedy_law sitting convening minutes overdue)
    pia_add_test(unit.labellisation.${subject}
        SOURCES unit/labellisation/test_${subject}.c unit/labellisation/bench.c unit/labellisation/labelled.c unit/labellisation/seated.c
            support/test_database.c support/pdf_words.c
        LIBS pia_labellisation)
    add_test(NAME unit.labellisation.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.labellisation.${subject}>)
    set_tests_properties(unit.labellisation.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
add_test(NAME arch.states_are_data
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/arch/states_are_data.sh ${PROJECT_SOURCE_DIR})
add_test(NAME arch.french
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/arch/french.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(arch.states_are_data arch.french PROPERTIES LABELS arch)
# The simulator: the engine and its store under the linker's hand (simulate/seams.h). Of broken
# variants each must be found.
set(seams clock_gettime getrandom pia_stmt_step pia_stmt_run pia_db_rollback_to pia_db_close
    store_matter_claim store_matter_save store_matter_due matter_move engine_allows
    engine_run_clocks announce_transition)
list(TRANSFORM seams PREPEND "-Wl,--wrap=")
add_executable(simulate simulate/main.c simulate/options.c simulate/shorten.c simulate/walk.c
    simulate/step.c simulate/step_create.c simulate/step_wrong.c simulate/starts.c simulate/play.c simulate/paths.c
    simulate/request.c simulate/choose.c simulate/choose_data.c simulate/model.c
    simulate/model_entry.c simulate/check.c simulate/world.c simulate/seams.c simulate/faults.c
    simulate/rng.c simulate/pool.c)
target_link_libraries(simulate PRIVATE pia_labellisation PkgConfig::SQLITE pia_flags)
target_link_options(simulate PRIVATE ${seams})
set(walks simulate --definition ${CMAKE_CURRENT_SOURCE_DIR}/process/bilan-mi-parcours.v1.json)
add_test(NAME unit.labellisation.walks COMMAND ${walks} --seeds 5000)
add_test(NAME unit.labellisation.walks_control COMMAND ${walks} --control)
set_tests_properties(unit.labellisation.walks unit.labellisation.walks_control
    PROPERTIES LABELS unit TIMEOUT 600)
set_tests_properties(unit.labellisation.walks PROPERTIES PROCESSORS 2)
