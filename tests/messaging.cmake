# The heart that every service stands on: loop, store thread, broker session, tokens, streams.
set(messaging_support support/test_peer.c support/test_database.c)
foreach(subject frames link link_limits link_address loop executor executor_log token event stream stream_renew stream_budget publisher member client session dispatch relay outbox follower lease)
    pia_add_test(unit.common.${subject}
        SOURCES unit/common/test_${subject}.c ${messaging_support}
        LIBS pia_common Threads::Threads)
    target_include_directories(unit.common.${subject} PRIVATE ${PROJECT_SOURCE_DIR}/common/src)
endforeach()

# What the store thread does, on the other engine too.
foreach(subject executor dispatch relay outbox follower lease)
    add_test(NAME unit.common.${subject}_pgsql
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
            $<TARGET_FILE:unit.common.${subject}>)
    set_tests_properties(unit.common.${subject}_pgsql PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
