# The heart that every service stands on: loop, store thread, broker session, tokens, streams.
set(messaging_support support/test_peer.c support/test_database.c)
foreach(subject frames loop executor)
    pia_add_test(unit.common.${subject}
        SOURCES unit/common/test_${subject}.c ${messaging_support}
        LIBS pia_common Threads::Threads)
    target_include_directories(unit.common.${subject} PRIVATE ${PROJECT_SOURCE_DIR}/common/src)
endforeach()
