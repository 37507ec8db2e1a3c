foreach(subject mdp rules requests table)
    pia_add_test(unit.broker.${subject}
        SOURCES unit/broker/test_${subject}.c unit/broker/bench.c LIBS pia_broker)
endforeach()
