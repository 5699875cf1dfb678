# SPDX-License-Identifier: MIT
# The libraries the server stands on: target alees_dependencies. Their headers count as system headers.

find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
set(THREADS_PREFER_PTHREAD_FLAG OFF)
find_package(Threads REQUIRED)
# civetweb ships no .pc file, and not every package of it ships a CMake one.
find_path(CIVETWEB_INCLUDE_DIR civetweb.h REQUIRED)
find_library(CIVETWEB_LIBRARY civetweb REQUIRED)

add_library(alees_dependencies INTERFACE)
target_include_directories(alees_dependencies SYSTEM INTERFACE "${CIVETWEB_INCLUDE_DIR}")
target_link_libraries(alees_dependencies INTERFACE "${CIVETWEB_LIBRARY}" PkgConfig::LIBPQ PkgConfig::JANSSON
    PkgConfig::SODIUM PkgConfig::INIH PkgConfig::ZLIB Threads::Threads ${CMAKE_DL_LIBS})
