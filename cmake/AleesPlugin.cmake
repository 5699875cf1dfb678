# SPDX-License-Identifier: MIT
# alees_add_plugin(<name> SOURCES <file.c>... [SQL <file.sql>...])
#
# Builds <name>.so, a plugin for Alees, into ${CMAKE_BINARY_DIR}/plugins. It sees the public headers and libc, exports
# alees_plugin_v1 alone, and may leave no symbol undefined. Each SQL file becomes a string in the generated header
# "<name>_sql.h": sql/0001_tables.sql is `static const char sql_0001_tables[]`.

set(ALEES_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")

# Makes sql/<name>_sql.h in the build folder from SQL files; its path is left in the variable named header_variable.
function(alees_embed_sql name header_variable)
    set(header "${CMAKE_BINARY_DIR}/sql/${name}_sql.h")
    set(files)
    foreach(file IN LISTS ARGN)
        cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        list(APPEND files "${file}")
    endforeach()
    list(JOIN files "|" joined)
    add_custom_command(OUTPUT "${header}"
        COMMAND "${CMAKE_COMMAND}" "-DFILES=${joined}" "-DOUTPUT=${header}" -P "${ALEES_CMAKE_DIR}/EmbedSql.cmake"
        DEPENDS ${files} "${ALEES_CMAKE_DIR}/EmbedSql.cmake" VERBATIM)
    set(${header_variable} "${header}" PARENT_SCOPE)
endfunction()

function(alees_add_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 plugin "" "" "SOURCES;SQL")
    alees_embed_sql(${name} header ${plugin_SQL})
    add_library(${name} MODULE ${plugin_SOURCES} "${header}")
    set_target_properties(${name} PROPERTIES PREFIX "" C_STANDARD 11 C_EXTENSIONS OFF C_VISIBILITY_PRESET hidden
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins" LINK_DEPENDS "${ALEES_CMAKE_DIR}/plugin.map")
    target_include_directories(${name} PRIVATE "${CMAKE_BINARY_DIR}/sql")
    target_link_libraries(${name} PRIVATE Alees::headers)
    target_link_options(${name} PRIVATE "LINKER:--version-script=${ALEES_CMAKE_DIR}/plugin.map")
    # clang leaves the symbols of a sanitizer's runtime to the program.
    if(NOT (CMAKE_C_COMPILER_ID STREQUAL "Clang" AND (ALEES_SANITIZE OR ALEES_FUZZ)))
        target_link_options(${name} PRIVATE LINKER:-z,defs)
    endif()
endfunction()
