#pragma once

#include <models/message.hpp>

#include <harness/subject.hpp>

#include <string>

/// The model runner: compiled once, for any channel.
namespace sluice::models {

struct questions;

using model_subject = harness::subject<message>;

/// Asks a queue every question.
///
/// \returns  the process's exit code.
int run_models(std::string name, const model_subject& channel, int argc, char** argv);

/// Asks a channel of another kind the questions of its custom models.
int run_models(std::string name, questions asked, int argc, char** argv);

}  // namespace sluice::models
