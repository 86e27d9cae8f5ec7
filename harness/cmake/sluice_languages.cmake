# Channels of other languages, as libraries for sluice_channel(... LIBRARIES target): impls/languages/README.md shows the use.
#
# sluice_rust_library(TARGET FOLDER)   the static library of the crate in FOLDER
# sluice_go_library(TARGET FOLDER)     the C archive of the Go package in FOLDER; a program has room for one
# sluice::c_interface                  for a library in C or C++: the folder of <languages/channel.h>
#
# Both set TARGET_MISSING to why the library cannot be built here, or to an empty text; and TARGET_VERSION to the compiler's version.
# Of a crate, TARGET_VERSION_OF_DEPENDENCY is the version of each crate that it depends on.

if(NOT TARGET sluice_c_interface)
  add_library(sluice_c_interface INTERFACE)
  add_library(sluice::c_interface ALIAS sluice_c_interface)
  get_filename_component(_sluice_impls ${CMAKE_CURRENT_LIST_DIR}/../../impls ABSOLUTE)
  target_include_directories(sluice_c_interface INTERFACE ${_sluice_impls})
endif()

# Of a function with `target` and `folder`: finds the language's programs, sets `languages`, our own folder of them, makes
# `folder` absolute, and sets `missing` to why no library can be built here.
macro(_sluice_find_language)
  get_filename_component(languages ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../impls/languages ABSOLUTE)
  get_filename_component(folder ${folder} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_LIST_DIR})
  set(missing "")
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    set(missing "sanitizers see no other language")
  elseif(CMAKE_CROSSCOMPILING)
    set(missing "not for another system")
  endif()
  foreach(program ${ARGN})
    string(TOUPPER SLUICE_${program} found)
    find_program(${found} ${program})
    mark_as_advanced(${found})
    if(NOT missing AND NOT ${found})
      set(missing "no ${program}")
    endif()
  endforeach()
endmacro()

# Returns from that function if so.
macro(_sluice_leave_out_if_missing)
  set(${target}_MISSING "${missing}" PARENT_SCOPE)
  if(missing)
    message(STATUS "sluice: ${target} is left out: ${missing}")
    return()
  endif()
endmacro()

function(_sluice_built_library target file)
  add_custom_target(${target}_build DEPENDS ${file})
  add_library(${target} STATIC IMPORTED GLOBAL)
  add_dependencies(${target} ${target}_build)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${file})
  target_link_libraries(${target} INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endfunction()

# What cargo tells of a crate, as JSON, or why it cannot, in `missing`. Further arguments are cargo's.
function(_sluice_crate_metadata out missing folder)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env CARGO_TERM_COLOR=never ${SLUICE_CARGO} metadata --format-version 1 ${ARGN}
                  WORKING_DIRECTORY ${folder} OUTPUT_VARIABLE metadata ERROR_VARIABLE errors RESULT_VARIABLE failed)
  set(${out} "${metadata}" PARENT_SCOPE)
  set(${missing} "" PARENT_SCOPE)
  if(failed)
    string(REGEX MATCH "error: [^\n]*" error "${errors}")
    set(${missing} "no crates: cargo ends with ${failed}, ${error}" PARENT_SCOPE)
  endif()
endfunction()

function(sluice_rust_library target folder)
  _sluice_find_language(cargo rustc)
  if(NOT missing)
    set(crates --config "patch.crates-io.sluice-channel.path=\"${languages}/rust/sluice-channel\"")
    # Debian's crates need no network.
    set(debian --offline --config "source.crates-io.replace-with=\"debian\""
               --config "source.debian.directory=\"/usr/share/cargo/registry\"")
    _sluice_crate_metadata(metadata missing ${folder} ${crates} ${debian})
    if(NOT missing)
      list(APPEND crates ${debian})
    else()
      _sluice_crate_metadata(metadata missing ${folder} ${crates})
    endif()
  endif()
  _sluice_leave_out_if_missing()

  string(JSON root GET "${metadata}" resolve root)
  string(JSON workspace GET "${metadata}" workspace_root)
  string(JSON packages LENGTH "${metadata}" packages)
  math(EXPR last "${packages} - 1")
  foreach(index RANGE ${last})
    string(JSON package GET "${metadata}" packages ${index})
    string(JSON id GET "${package}" id)
    string(JSON crate GET "${package}" name)
    string(JSON version GET "${package}" version)
    set(${target}_VERSION_OF_${crate} ${version} PARENT_SCOPE)
    if(id STREQUAL root)
      # Its first target is the library.
      string(JSON name GET "${package}" targets 0 name)
      string(REPLACE "-" "_" name ${name})
    endif()
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(file ${out}/release/lib${name}.a)
  add_custom_command(OUTPUT ${file} COMMAND ${SLUICE_CARGO} build --quiet --release ${crates} --target-dir ${out}
                     DEPENDS ${folder}/Cargo.toml ${workspace}/Cargo.lock DEPFILE ${out}/release/lib${name}.d
                     WORKING_DIRECTORY ${folder} VERBATIM COMMENT "Building the crate in ${folder}")
  _sluice_built_library(${target} ${file})
  execute_process(COMMAND ${SLUICE_RUSTC} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE " \\(.*" "" version "${version}")
  set(${target}_VERSION "${version}" PARENT_SCOPE)
endfunction()

function(sluice_go_library target folder)
  _sluice_find_language(go)
  _sluice_leave_out_if_missing()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.go ${folder}/go.mod ${languages}/go/sluicechannel/*)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(file ${out}/lib${target}.a)
  # Not older than the module asks for.
  file(STRINGS ${folder}/go.mod go REGEX "^go " LIMIT_COUNT 1)
  file(WRITE ${out}/go.work "${go}\n\nuse (\n\t\"${folder}\"\n\t\"${languages}/go/sluicechannel\"\n)\n")
  set(environment ${CMAKE_COMMAND} -E env GOTOOLCHAIN=local GOWORK=${out}/go.work)
  add_custom_command(OUTPUT ${file} COMMAND ${environment} ${SLUICE_GO} build -buildvcs=false -buildmode=c-archive -o ${file} .
                     DEPENDS ${sources} WORKING_DIRECTORY ${folder} VERBATIM COMMENT "Building the Go package in ${folder}")
  _sluice_built_library(${target} ${file})
  execute_process(COMMAND ${environment} ${SLUICE_GO} env GOVERSION OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(${target}_VERSION "${version}" PARENT_SCOPE)
endfunction()
