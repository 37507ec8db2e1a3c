foreach(subject strict target routes ask reply)
    pia_add_test(unit.gateway.${subject} SOURCES unit/gateway/test_${subject}.c LIBS pia_gateway)
endforeach()
