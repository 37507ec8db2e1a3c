foreach(subject mustache plan templates french identity link mime webhook maildir)
    pia_add_test(unit.notifications.${subject}
        SOURCES unit/notifications/test_${subject}.c LIBS pia_notifications PkgConfig::SODIUM)
endforeach()
target_compile_definitions(unit.notifications.mustache
    PRIVATE MUSTACHE_SPEC="${CMAKE_CURRENT_SOURCE_DIR}/unit/notifications/mustache")
