package iam

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Session is a role that a function has assumed.
type Session struct {
	RoleARN     string
	FunctionARN string // unqualified
}

// ARN is the session as policies and messages name it.
func (s Session) ARN() string {
	return "arn:aws:sts::" + wire.AccountID + ":assumed-role/" + afterLast(s.RoleARN, "/") + "/" + s.name()
}

func (s Session) name() string { return afterLast(s.FunctionARN, ":") }

func afterLast(text, separator string) string { return text[strings.LastIndex(text, separator)+1:] }

// Credentials returns the access key with which a function acts as its role. It is the same whenever it is asked for; what belongs
// to it, the secret key and the token, may be anything, since signatures are not checked.
func (s *Service) Credentials(roleARN, functionARN string) (accessKeyID string) {
	session := Session{RoleARN: roleARN, FunctionARN: functionARN}
	sum := sha256.Sum256([]byte(roleARN + " " + functionARN))
	accessKeyID = "ASIA" + base32.StdEncoding.EncodeToString(sum[:])[:16]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[accessKeyID] = session
	return accessKeyID
}

// Session finds the session that an access key is of. All other keys are the account's.
func (s *Service) Session(accessKeyID string) (Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[accessKeyID]
	return session, ok
}

// Caller names who calls with an access key: a session of a role, or the account itself.
func (s *Service) Caller(accessKeyID string) (arn, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[accessKeyID]
	if !ok {
		return accountRoot, wire.AccountID
	}
	for _, role := range s.roles {
		if role.Arn == session.RoleARN {
			userID = role.RoleId
		}
	}
	return session.ARN(), userID + ":" + session.name()
}

// RoleARN is the ARN of a role by its name, with its path if the role exists.
func (s *Service) RoleARN(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if role, err := s.role(name); err == nil {
		return role.Arn
	}
	return "arn:aws:iam::" + wire.AccountID + ":role/" + name
}
