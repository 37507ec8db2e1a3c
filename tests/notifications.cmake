foreach(subject mustache plan templates dates identity link mime webhook maildir sender)
    pia_add_test(unit.notifications.${subject}
        SOURCES unit/notifications/test_${subject}.c LIBS pia_notifications PkgConfig::SODIUM)
endforeach()
target_compile_definitions(unit.notifications.mustache
    PRIVATE MUSTACHE_SPEC="${CMAKE_CURRENT_SOURCE_DIR}/unit/notifications/mustache")
# What the store decides, on both engines.
foreach(subject notice lease)
    pia_add_test(unit.notifications.${subject}
        SOURCES unit/notifications/test_${subject}.c unit/notifications/notifications_database.c
            support/test_database.c
        LIBS pia_notifications)
    target_include_directories(unit.notifications.${subject} PRIVATE unit/notifications)
    add_test(NAME unit.notifications.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.notifications.${subject}>)
    set_tests_properties(unit.notifications.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
