# Language level, warnings and sanitizers, in one interface target that every library links.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# -O3 buys nothing measurable here and costs a fifth of the build time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_library(inferbench_options INTERFACE)
target_include_directories(inferbench_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(inferbench_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wunused
  # Modelled results promise the same bytes everywhere: no fused multiply-add that one compiler
  # contracts and another does not.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 sees overlapping copies in plain std::string concatenation (GCC bug 105651).
  target_compile_options(inferbench_options INTERFACE -Wno-restrict)
endif()
if(INFERBENCH_WERROR)
  target_compile_options(inferbench_options INTERFACE -Werror)
endif()
# Of files whose inner loops must be unrolled whole. Instrumented code gains nothing from it, and the
# compiler takes minutes a file.
set(INFERBENCH_KERNEL_OPTIMISATION "-O3")
if(INFERBENCH_SANITIZE)
  set(INFERBENCH_KERNEL_OPTIMISATION "-O1")
endif()
if(INFERBENCH_SANITIZE)
  target_compile_options(inferbench_options INTERFACE
    -fsanitize=${INFERBENCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(inferbench_options INTERFACE -fsanitize=${INFERBENCH_SANITIZE})
endif()

find_program(INFERBENCH_CCACHE ccache)
if(INFERBENCH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${INFERBENCH_CCACHE})
endif()
