# Fails when a file includes a layer that it may not see: services -> common -> libraries.
#   cmake -DROOT=. -P layering.cmake
# A quoted include is of the file's own folder, pia/ or proto/; what common promises includes pia/
# only; the databases and Redis are common's business.
cmake_minimum_required(VERSION 3.25)
get_filename_component(root ${ROOT} ABSOLUTE)
file(GLOB_RECURSE sources RELATIVE ${root}
    ${root}/services/*.[ch] ${root}/common/*.[ch] ${root}/proto/*.[ch])
if(NOT sources)
    message(FATAL_ERROR "no sources under ${root}")
endif()

function(refuse source header why)
    message(SEND_ERROR "${source} includes ${header}: ${why}")
endfunction()

foreach(source IN LISTS sources)
    get_filename_component(folder ${source} DIRECTORY)
    file(STRINGS ${root}/${source} includes REGEX "^ *# *include ")
    foreach(line IN LISTS includes)
        string(REGEX REPLACE "^ *# *include +[\"<]([^\">]+).*" "\\1" header ${line})
        if(header MATCHES "[.][.]")
            refuse(${source} ${header} "not its own folder")
        elseif(line MATCHES "\"" AND NOT header MATCHES "^(pia|proto)/")
            if(source MATCHES "^common/include/" OR NOT EXISTS ${root}/${folder}/${header})
                refuse(${source} ${header} "not its own folder, pia/ or proto/")
            endif()
        elseif(source MATCHES "^common/include/" AND header MATCHES "^proto/")
            refuse(${source} ${header} "what common promises knows no message")
        elseif(source MATCHES "^services/" AND header MATCHES "^(sqlite3|libpq-fe)")
            refuse(${source} ${header} "use pia/db.h")
        elseif(source MATCHES "^services/" AND header MATCHES "^hiredis")
            refuse(${source} ${header} "use pia/cache.h or pia/cache_async.h")
        elseif(NOT source MATCHES "^tests/" AND header MATCHES "cmocka")
            refuse(${source} ${header} "tests are not part of the product")
        endif()
    endforeach()
endforeach()
