# Lists the channels of a registry as JSON without configuring the project:
#
#   cmake -D REGISTRY=impls/registry.cmake -P list_channels.cmake
#
# Third-party channels are listed whether they are installed or not.

include(${CMAKE_CURRENT_LIST_DIR}/sluice_kind_and_role.cmake)

function(sluice_channel name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROLE;KIND;PROPERTIES;MODELS;BENCHMARKS" "CAUGHT_BY")
  _sluice_kind_and_role()
  set_property(GLOBAL APPEND PROPERTY SLUICE_CHANNELS "{\"name\": \"${name}\", \"role\": \"${role}\", \"kind\": \"${kind}\"}")
endfunction()

# Commands that search the system, which a list does not need.
function(find_package name)
  set(${name}_FOUND TRUE PARENT_SCOPE)
  foreach(component IN LISTS ARGN)
    string(TOUPPER ${component} component)
    set(${name}_${component}_FOUND TRUE PARENT_SCOPE)
  endforeach()
endfunction()
function(find_path variable)
  set(${variable} found PARENT_SCOPE)
endfunction()
function(mark_as_advanced)
endfunction()
function(sluice_rust_library)
endfunction()
function(sluice_go_library)
endfunction()

set(SLUICE_PROPERTIES ON)
include(${REGISTRY})
get_property(channels GLOBAL PROPERTY SLUICE_CHANNELS)
list(JOIN channels ",\n " channels)
# message() would write to the error stream.
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "[\n ${channels}\n]")
