# The architecture, held by checks that are themselves checked.
set(arch ${CMAKE_CURRENT_SOURCE_DIR}/arch)

add_test(NAME arch.layering
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P ${arch}/layering.cmake)
add_test(NAME arch.symbols
    COMMAND ${arch}/symbols.sh $<TARGET_FILE:pia_common> $<TARGET_FILE:pia_common_event>
        $<TARGET_FILE:pia_proto>)
foreach(check banned sizes format)
    add_test(NAME arch.${check} COMMAND ${arch}/${check}.sh ${PROJECT_SOURCE_DIR})
endforeach()
add_test(NAME arch.checks_see_what_is_planted
    COMMAND ${arch}/planted.sh ${CMAKE_COMMAND} ${CMAKE_C_COMPILER})
set_tests_properties(arch.layering arch.symbols arch.banned arch.sizes arch.format
    arch.checks_see_what_is_planted PROPERTIES LABELS arch TIMEOUT 120)

# By hand and nightly (ctest -L tidy): minutes.
if(CMAKE_EXPORT_COMPILE_COMMANDS)
    add_test(NAME tidy.all COMMAND ${arch}/tidy.sh ${PROJECT_BINARY_DIR})
    set_tests_properties(tidy.all PROPERTIES LABELS tidy TIMEOUT 1800)
endif()

# Every SQL text on both engines.
set(libraries common=$<TARGET_FILE:pia_common>)
foreach(service registry labellisation diffusion notifications)
    if(TARGET pia_${service})
        list(APPEND libraries ${service}=$<TARGET_FILE:pia_${service}>)
    endif()
endforeach()
add_test(NAME arch.sql COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/private_postgres run
    ${Python3_EXECUTABLE} ${arch}/sql.py ${libraries})
set_tests_properties(arch.sql PROPERTIES LABELS arch TIMEOUT 120)
