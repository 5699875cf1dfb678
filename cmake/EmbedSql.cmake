# SPDX-License-Identifier: MIT
# cmake -DFILES=a.sql|b.sql -DOUTPUT=x_sql.h -P EmbedSql.cmake: SQL files as C strings.

string(REPLACE "|" ";" files "${FILES}")
set(text "/* Generated from SQL files by EmbedSql.cmake. */\n#pragma GCC system_header\n")
foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    string(MAKE_C_IDENTIFIER "sql_${name}" name)
    file(READ "${file}" sql)
    string(REPLACE "\\" "\\\\" sql "${sql}")
    string(REPLACE "\"" "\\\"" sql "${sql}")
    string(REPLACE "??" "?\\?" sql "${sql}") # no trigraphs
    string(REPLACE "\n" "\\n\"\n    \"" sql "${sql}")
    string(APPEND text "static const char ${name}[] =\n    \"${sql}\";\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
