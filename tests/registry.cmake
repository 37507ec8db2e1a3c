# The registry's domain alone, and its store, first start and following on both engines.
foreach(subject fold cursor domain apikey answers)
    pia_add_test(unit.registry.${subject} SOURCES unit/registry/test_${subject}.c LIBS pia_registry)
endforeach()
foreach(subject reference start store follow)
    pia_add_test(unit.registry.${subject}
        SOURCES unit/registry/test_${subject}.c unit/registry/registry_database.c support/test_database.c
        LIBS pia_registry)
    target_include_directories(unit.registry.${subject} PRIVATE unit/registry)
    add_test(NAME unit.registry.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.registry.${subject}>)
    set_tests_properties(unit.registry.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
