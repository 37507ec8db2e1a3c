foreach(subject status problem log config clock uuid schema json items format header principal territory fold)
    pia_add_test(unit.common.${subject} SOURCES unit/common/test_${subject}.c LIBS pia_common)
endforeach()
