# inferbench_embed(target symbol file...)
#
# Compiles text files (catalogs, profiles, schemas, samples) into the program, so that the binary
# works wherever it is copied. Generates `const std::vector<EmbeddedFile>& symbol();`, one entry per
# file, named by the path relative to the calling folder, in the order given.
function(inferbench_embed target symbol)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake)
  set(absolute "")
  foreach(file ${ARGN})
    list(APPEND absolute ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} -DSYMBOL=${symbol}
            -DROOT=${CMAKE_CURRENT_SOURCE_DIR} "-DFILES=${ARGN}" -P ${script}
    DEPENDS ${absolute} ${script} VERBATIM)
  # By itself, so that reading a library's sources together does not need what a build generates.
  set_source_files_properties(${generated} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${generated})
endfunction()
