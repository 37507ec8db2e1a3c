# The generator by its own tests (golden output, refusals), and the generated list as linked.
add_test(NAME unit.proto.generate
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/unit/proto/test_generate.py)
set_tests_properties(unit.proto.generate PROPERTIES LABELS unit TIMEOUT 60)
pia_add_test(unit.proto.messages SOURCES unit/proto/test_messages.c LIBS pia_common)
