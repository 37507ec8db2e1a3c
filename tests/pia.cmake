foreach(subject arguments fields commands)
    pia_add_test(unit.pia.${subject} SOURCES unit/pia/test_${subject}.c LIBS pia_cli)
endforeach()
