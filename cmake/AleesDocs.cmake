# SPDX-License-Identifier: MIT
# The files of the page /docs, in build/<preset>/share/docs: target alees_docs. They come from docs/page and from the npm
# packages that its lock file names. Without npm, or without a network the first time, all else is built and served, and
# /docs says what is missing.

set(docs_source "${CMAKE_CURRENT_SOURCE_DIR}/docs/page")
set(docs_folder "${CMAKE_BINARY_DIR}/share/docs")
set(docs_stamp "${CMAKE_BINARY_DIR}/docs-page.stamp")
find_program(ALEES_NPM npm)
find_program(ALEES_GZIP gzip)
if(ALEES_NPM AND ALEES_GZIP)
    file(GLOB docs_files CONFIGURE_DEPENDS "${docs_source}/*.*" "${docs_source}/.npmrc")
    add_custom_command(OUTPUT "${docs_stamp}"
        COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${docs_source}" "-DOUTPUT=${docs_folder}" "-DSTAMP=${docs_stamp}"
            "-DCACHE=${CMAKE_CURRENT_SOURCE_DIR}/build/docs-page" "-DNPM=${ALEES_NPM}" "-DGZIP=${ALEES_GZIP}"
            -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/MakeDocs.cmake"
        DEPENDS ${docs_files} "${CMAKE_CURRENT_SOURCE_DIR}/cmake/MakeDocs.cmake"
        COMMENT "The page /docs" VERBATIM)
    add_custom_target(alees_docs ALL DEPENDS "${docs_stamp}")
else()
    message(STATUS "npm is not there: /docs will be a plain page")
endif()
install(DIRECTORY "${docs_folder}" DESTINATION "${CMAKE_INSTALL_DATADIR}/alees" OPTIONAL)
