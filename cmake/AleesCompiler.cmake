# SPDX-License-Identifier: MIT
# How our own code is compiled: target alees_compiler. Nothing here is seen by plugins outside this tree.

add_library(alees_compiler INTERFACE)
target_compile_definitions(alees_compiler INTERFACE _POSIX_C_SOURCE=200809L)

# Warnings.
target_compile_options(alees_compiler INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align -Wpointer-arith
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference
    -Wdouble-promotion
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition>
    $<$<C_COMPILER_ID:GNU>:-Wcast-align=strict -Wlogical-op -Wduplicated-cond -Wduplicated-branches
        -Wstringop-overflow=4>
    $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wjump-misses-init>
    $<$<C_COMPILER_ID:Clang>:-Wcomma -Wassign-enum -Wunreachable-code>
    $<$<BOOL:${ALEES_WERROR}>:-Werror>)

# Frame pointers cost one register and make every crash and every profile readable.
target_compile_options(alees_compiler INTERFACE -fno-omit-frame-pointer)

if(ALEES_HARDENING)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C CXX)
    target_compile_options(alees_compiler INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
        -fno-strict-aliasing -fno-delete-null-pointer-checks
        $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>
        $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>)
    target_link_options(alees_compiler INTERFACE
        LINKER:-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed)
endif()

if(ALEES_SANITIZE)
    target_compile_options(alees_compiler INTERFACE -fsanitize=${ALEES_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(alees_compiler INTERFACE -fsanitize=${ALEES_SANITIZE})
endif()

if(ALEES_COVERAGE)
    target_compile_options(alees_compiler INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(alees_compiler INTERFACE --coverage)
endif()

if(ALEES_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "ALEES_FUZZ needs clang: cmake --preset fuzz")
    endif()
    target_compile_options(alees_compiler INTERFACE
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    target_link_options(alees_compiler INTERFACE -fsanitize=address,undefined)
endif()
