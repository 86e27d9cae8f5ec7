# Builds a project against the installed package that registers channels of its own, and runs that project's tests.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed with ${code}: ${command}")
  endif()
endfunction()

file(REMOVE_RECURSE ${BUILD})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_PREFIX_PATH=${INSTALLED} -D SLUICE_CONTRACT=ON)
run(${CMAKE_COMMAND} --build ${BUILD})
set(ENV{SLUICE_CONTRACT_DIVIDE} 20)
foreach(test hello property.whole model.whole bench.whole contract.whole property.queue contract.queue property.blocking
             contract.blocking bench.blocking property.ring_of_two
             model.ring_of_two property.c_ring contract.c_ring)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure --no-tests=error -R "^${test}$")
endforeach()

# Those whose compilers are installed.
find_program(CARGO cargo)
find_program(GO go)
foreach(test property.rust_queue contract.rust_queue property.rust_broadcast property.go_queue)
  if((test MATCHES rust AND CARGO) OR (test MATCHES go AND GO))
    run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure --no-tests=error -R "^${test}$")
  endif()
endforeach()

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  set(ENV{PKG_CONFIG_PATH} ${INSTALLED}/share/pkgconfig)
  execute_process(COMMAND ${PKG_CONFIG} --cflags sluice OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  run(${COMPILER} ${flags} ${SOURCE}/hello.cpp -o ${BUILD}/hello_by_pkg_config)
  run(${BUILD}/hello_by_pkg_config)
endif()
