# Finds the headers of the Relacy race detector, which ships no CMake package. Gives the target Relacy::Relacy.
#
# Hints: Relacy_ROOT, a folder that holds `relacy/relacy.hpp` itself or under include/.
find_path(Relacy_INCLUDE_DIR relacy/relacy.hpp)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Relacy REQUIRED_VARS Relacy_INCLUDE_DIR
                                  REASON_FAILURE_MESSAGE "install relacy-dev, or set Relacy_ROOT")
mark_as_advanced(Relacy_INCLUDE_DIR)

if(Relacy_FOUND AND NOT TARGET Relacy::Relacy)
  add_library(Relacy::Relacy INTERFACE IMPORTED)
  # A folder that the compiler searches anyway must not be named again: that would hide the C headers behind it.
  if(NOT Relacy_INCLUDE_DIR IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    set_target_properties(Relacy::Relacy PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${Relacy_INCLUDE_DIR})
  endif()
endif()
