# inferbench_library(name SOURCES a.cpp ... [USES lib ...] [PRIVATE_USES lib ...])
#
# A leaf folder is a library. USES names what its headers need, and stands left of it in the
# dependency drawing of CONTRIBUTING.md. A library without sources is headers only.
function(inferbench_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  if(ARG_SOURCES)
    add_library(inferbench_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(inferbench_${name}
      PUBLIC inferbench_options ${ARG_USES} PRIVATE ${ARG_PRIVATE_USES})
  else()
    add_library(inferbench_${name} INTERFACE)
    target_link_libraries(inferbench_${name} INTERFACE inferbench_options ${ARG_USES})
  endif()
endfunction()

# inferbench_test(name SOURCES a_test.cpp ... USES lib ...)
#
# One binary per tested library, so that a change rebuilds and reruns little.
function(inferbench_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_USES} inferbench_options GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    INFERBENCH_SOURCE_DIR="${CMAKE_SOURCE_DIR}" INFERBENCH_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # Assertions are most of a test's code, and optimising them most of its build time.
  target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O0>)
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
