# SPDX-License-Identifier: MIT
# Every tests/<label>/test_*.c is a program of its own, with the server as a library and all of tests/support.
# Labels: unit db api isolation e2e abi lint fuzz. Those of db, api and isolation need tests/with_db.sh around ctest.

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
set(tests "${CMAKE_CURRENT_SOURCE_DIR}/tests")
set(test_environment
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:handle_segv=2"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=suppressions=${tests}/tsan.supp:halt_on_error=1")

add_library(alees_testing INTERFACE)
target_include_directories(alees_testing INTERFACE "${tests}/support" "${CMAKE_CURRENT_SOURCE_DIR}")
target_compile_definitions(alees_testing INTERFACE
    ALEES_TEST_PLUGIN_DIR="${CMAKE_BINARY_DIR}/tests/plugins" ALEES_PLUGIN_BUILD_DIR="${CMAKE_BINARY_DIR}/plugins"
    ALEES_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}" ALEES_BINARY="${CMAKE_BINARY_DIR}/alees")
target_link_libraries(alees_testing INTERFACE alees_core PkgConfig::CMOCKA alees_compiler)

file(GLOB support_sources CONFIGURE_DEPENDS "${tests}/support/*.c")
if(support_sources)
    add_library(alees_support STATIC ${support_sources})
    target_link_libraries(alees_support PRIVATE alees_testing)
endif()

# Plugins that are wrong or small on purpose. No version script: some export the wrong thing.
set(plugin_targets)
file(GLOB sources CONFIGURE_DEPENDS "${tests}/plugins/*.c")
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_library(fixture_${name} MODULE "${source}")
    set_target_properties(fixture_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/plugins")
    target_link_libraries(fixture_${name} PRIVATE alees_headers alees_compiler)
endforeach()

function(alees_test label name timeout)
    add_test(NAME ${label}/${name} ${ARGN})
    set_tests_properties(${label}/${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout}
        ENVIRONMENT "${test_environment}")
endfunction()

foreach(label IN ITEMS unit db api scale)
    set(timeout 300)
    if(label STREQUAL scale) # a million rows; no sanitizer needs to see them
        set(timeout 1200)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS "${tests}/${label}/test_*.c")
    # A null pointer in a test is a failing test.
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Wno-null-dereference)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM name)
        string(REGEX REPLACE "^test_" "" subject ${name})
        set(target ${label}_${name})
        add_executable(${target} "${source}")
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
            RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/${label}")
        target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:alees_support> alees_testing)
        alees_test(${label} ${subject} ${timeout} COMMAND ${target})
    endforeach()
endforeach()

# Of plugins the unit tests include what they test; what that opens must be built.
add_dependencies(unit_test_phone contact)

# The isolation kit, with both locks on rows and with each of the two alone; and what it must catch.
foreach(mode IN ITEMS both host database kinds caught)
    alees_test(isolation ${mode} 900 COMMAND "${tests}/isolation/run.sh" "${CMAKE_BINARY_DIR}" ${mode})
endforeach()

# Each of the two locks alone (core/lock.h): the same suites with the other one off.
foreach(lock IN ITEMS host database)
    foreach(suite IN ITEMS attack expand history_kinds kinds nested nested_filters soft
            soft_references nested_writes relocate singles)
        alees_test(api ${suite}_without_${lock}_lock 300 COMMAND api_test_${suite})
        set_property(TEST api/${suite}_without_${lock}_lock APPEND PROPERTY
            ENVIRONMENT "ALEES_TEST_LOCK_OFF=${lock}")
    endforeach()
endforeach()

# Fuzz targets: libFuzzer programs under clang, else they replay their corpus.
file(GLOB sources CONFIGURE_DEPENDS "${tests}/fuzz/fuzz_*.c")
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    string(REGEX REPLACE "^fuzz_" "" subject ${name})
    add_executable(${name} "${source}")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fuzz")
    target_link_libraries(${name} PRIVATE $<TARGET_NAME_IF_EXISTS:alees_support> alees_testing)
    if(ALEES_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        alees_test(fuzz ${subject} 300 COMMAND ${name} -runs=0 "${tests}/fuzz/corpus/${subject}")
    else()
        target_sources(${name} PRIVATE "${tests}/fuzz/standalone.c")
        alees_test(fuzz ${subject} 60 COMMAND ${name} "${tests}/fuzz/corpus/${subject}")
    endif()
endforeach()

# Scripts. Each is given the build folder.
foreach(label IN ITEMS e2e abi)
    file(GLOB sources CONFIGURE_DEPENDS "${tests}/${label}/*.sh")
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM name)
        alees_test(${label} ${name} 300 COMMAND "${source}" "${CMAKE_BINARY_DIR}")
    endforeach()
endforeach()
foreach(name IN ITEMS headers symbols)
    alees_test(abi ${name} 120 COMMAND "${tests}/lint/check_${name}.sh" "${CMAKE_BINARY_DIR}")
endforeach()
foreach(name IN ITEMS layers includes size golden)
    alees_test(lint ${name} 120 COMMAND "${tests}/lint/check_${name}.sh" "${CMAKE_BINARY_DIR}")
endforeach()
