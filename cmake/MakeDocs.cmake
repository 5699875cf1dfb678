# SPDX-License-Identifier: MIT
# cmake -DSOURCE= -DOUTPUT= -DSTAMP= -DCACHE= -DNPM= -DGZIP= -P MakeDocs.cmake: the files of the page /docs, each with its
# packed form beside it. What npm has installed is kept in CACHE, one folder for all presets, until the lock file changes.

set(wanted swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt LICENSE NOTICE)
set(package "${CACHE}/node_modules/swagger-ui-dist")

# Two presets may be built at the same time.
file(MAKE_DIRECTORY "${CACHE}")
file(LOCK "${CACHE}" DIRECTORY GUARD PROCESS TIMEOUT 600)
file(SHA256 "${SOURCE}/package-lock.json" lock)
set(installed)
if(EXISTS "${CACHE}/installed")
    file(READ "${CACHE}/installed" installed)
endif()
if(NOT installed STREQUAL lock)
    file(REMOVE_RECURSE "${CACHE}/node_modules")
    file(REMOVE "${CACHE}/installed")
    file(COPY "${SOURCE}/package.json" "${SOURCE}/package-lock.json" "${SOURCE}/.npmrc" DESTINATION "${CACHE}")
    execute_process(COMMAND "${NPM}" ci --ignore-scripts --loglevel=error WORKING_DIRECTORY "${CACHE}"
        RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE why)
    if(status EQUAL 0)
        file(WRITE "${CACHE}/installed" "${lock}")
    else()
        # No reason not to build the server; there is no stamp, so the next build tries again.
        message(WARNING "npm ci in docs/page failed, so /docs is a plain page for now:\n${why}")
        file(REMOVE_RECURSE "${OUTPUT}")
        return()
    endif()
endif()

file(REMOVE_RECURSE "${OUTPUT}.new")
file(MAKE_DIRECTORY "${OUTPUT}.new")
foreach(name IN ITEMS index.html page.css page.js)
    file(COPY "${SOURCE}/${name}" DESTINATION "${OUTPUT}.new")
endforeach()
foreach(name IN LISTS wanted)
    file(COPY "${package}/${name}" DESTINATION "${OUTPUT}.new")
endforeach()
file(GLOB files "${OUTPUT}.new/*")
execute_process(COMMAND "${GZIP}" -9 -n -k -f ${files} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE "${OUTPUT}")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
file(TOUCH "${STAMP}")
